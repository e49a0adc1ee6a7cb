import { Spherical, Vector3 } from 'three'

const POLE_RAD = 0.02 // never looked at from exactly above or below, where left and right change places

/** The arm from the target to the camera after it went right and up around the target, in radians; up in the world is z. */
export function turned(arm: Vector3, right: number, up: number): Vector3 {
  const place = new Spherical().setFromCartesianCoords(arm.x, arm.z, -arm.y) // the library's up is y
  place.theta += right
  place.phi = Math.min(Math.PI - POLE_RAD, Math.max(POLE_RAD, place.phi - up))
  const { x, y, z } = new Vector3().setFromSpherical(place)
  return arm.set(x, -z, y)
}

