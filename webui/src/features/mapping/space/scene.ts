/** The surface in space: the only place that knows the 3D library. Both views look through one camera, so they move together. */
import {
  BufferAttribute, BufferGeometry, CanvasTexture, DirectionalLight, HemisphereLight, Mesh, PerspectiveCamera, Plane, Points, PointsMaterial, Raycaster, Scene,
  Sphere, SRGBColorSpace, Vector2, Vector3, WebGLRenderer,
} from 'three'
import { OrbitControls } from 'three/addons/controls/OrbitControls.js'

import { nodeAlong } from '../model/mesh'
import { meanAlong, type Surface } from '../model/surface'
import { areaMaterial, paletteTexture } from './areaMaterial'
import { createPace } from './pace'
import { createPictures } from './pictures'
import { turned } from './turning'

const FIELD_DEG = 35
const GAP_PX = 1 // between the two views
const DOT_PX = 5
const UNCUT_MM = 1e6 // a plane so far away cuts nothing

export type View = 'annotated' | 'found' | 'plain'

export interface Cut {
  nodes: readonly number[] // of the section
  colour: string // theirs
}

export interface Space {
  /** The colours of all areas (model's palette); whether what was found fades where it is unsure. */
  paint(colours: Float32Array, fade: boolean): void
  cut(where: Cut | undefined): void
  /** By keys: turns in radians, a factor on the distance, a shift in shares of the view's height. */
  move(turn: readonly [number, number], zoom: number, shift: readonly [number, number]): void
  reset(): void
  /** The node at a place of the canvas in CSS pixels. */
  nodeAt(x: number, y: number): number | undefined
  mark(node: number | undefined): void
  resize(): void
  close(): void
}

/** Draws the surface side by side, once for each view; throws where there is no WebGL. Nothing runs while nothing moves. */
export function createSpace(canvas: HTMLCanvasElement, surface: Surface, views: readonly View[]): Space {
  const renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true })
  renderer.localClippingEnabled = true
  renderer.setScissorTest(true)
  const { centre, radius_mm, axis } = surface
  const camera = new PerspectiveCamera(FIELD_DEG, 1, radius_mm / 50, radius_mm * 20)
  camera.up.set(0, 0, 1) // the controls ask once
  const controls = new OrbitControls(camera, canvas)
  controls.minDistance = radius_mm / 10
  controls.maxDistance = radius_mm * 10
  const plane = new Plane(new Vector3().setComponent(axis, 1), UNCUT_MM) // there from the start: the first cut compiles no shader
  const middle = new Vector3(...centre)
  const palette = { value: paletteTexture(new Float32Array(4)) }
  const shown = meshes(surface, views, palette)
  for (const { mesh } of shown) mesh.material.clippingPlanes = [plane]
  const indices = surface.levels.map(({ triangles }) => new BufferAttribute(triangles, 1))
  const ray = new Raycaster()
  const pictures = createPictures(renderer.getContext() as WebGL2RenderingContext, createPace(surface.levels), draw, mmPerPixel)
  const redraw = pictures.ask

  function draw(level: number, coarse: boolean): void {
    const [width, height] = [canvas.clientWidth / views.length, canvas.clientHeight]
    shown.forEach(({ scene, lamp, mesh }, index) => {
      mesh.geometry.setIndex(indices[level]!)
      lamp.position.copy(camera.position)
      renderer.setViewport(index * width, 0, width, height)
      renderer.setScissor(index * width, 0, width - (index < views.length - 1 ? GAP_PX : 0), height)
      renderer.render(scene, camera)
    })
    canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1)
    canvas.dataset.coarse = String(coarse)
  }
  function mmPerPixel(): number {
    return (camera.position.distanceTo(controls.target) * 2 * Math.tan((FIELD_DEG * Math.PI) / 360)) / canvas.height
  }

  function reset(): void {
    camera.position.copy(middle).add(new Vector3(-0.55, -0.75, 0.35).normalize().multiplyScalar(fits(radius_mm, camera.aspect)))
    controls.target.copy(middle)
    controls.update()
    redraw()
  }

  function resize(): void {
    const [width, height] = [Math.max(1, canvas.clientWidth), Math.max(1, canvas.clientHeight)]
    renderer.setPixelRatio(Math.min(2, window.devicePixelRatio))
    renderer.setSize(width, height, false)
    camera.aspect = width / views.length / height
    camera.updateProjectionMatrix()
    redraw()
  }

  function nodeAt(x: number, y: number): number | undefined {
    const width = canvas.clientWidth / views.length
    const index = Math.min(views.length - 1, Math.floor(x / width))
    ray.setFromCamera(new Vector2((2 * (x - index * width)) / width - 1, 1 - (2 * y) / canvas.clientHeight), camera)
    const { origin, direction } = ray.ray
    return nodeAlong(surface, { from: origin.toArray(), along: direction.toArray() }, (place) => plane.distanceToPoint(new Vector3(...place)) >= 0)
  }

  function cut(where: Cut | undefined): void {
    const nodes = where?.nodes ?? []
    plane.constant = where ? -meanAlong(surface, nodes, axis) : UNCUT_MM
    for (const { ofSection } of shown) {
      setPlaces(ofSection, surface, nodes)
      if (where) ofSection.material.color.set(where.colour)
    }
    canvas.dataset.cutNodes = String(nodes.length)
    redraw()
  }

  controls.addEventListener('change', redraw)
  resize()
  reset()
  return {
    cut, reset, nodeAt, resize,
    paint(colours, fade) {
      palette.value.dispose()
      palette.value = paletteTexture(colours)
      shown.forEach((one, index) => void (one.fade.value = fade && views[index] === 'found' ? 1 : 0))
      redraw()
    },
    move([right, up], zoom, [x, y]) {
      const arm = turned(camera.position.clone().sub(controls.target), right, up).multiplyScalar(zoom)
      arm.clampLength(controls.minDistance, controls.maxDistance)
      const size = 2 * arm.length() * Math.tan((FIELD_DEG * Math.PI) / 360)
      const across = new Vector3().setFromMatrixColumn(camera.matrix, 0).multiplyScalar(x * size)
      controls.target.add(across).add(new Vector3().setFromMatrixColumn(camera.matrix, 1).multiplyScalar(y * size))
      camera.position.copy(controls.target).add(arm)
      controls.update()
      redraw()
    },
    mark(node) {
      for (const { marked } of shown) setPlaces(marked, surface, node === undefined ? [] : [node])
      redraw()
    },
    close() {
      pictures.close()
      palette.value.dispose()
      controls.dispose()
      for (const { mesh, ofSection, marked } of shown) for (const one of [mesh, ofSection, marked]) [one.geometry, one.material, (one.material as PointsMaterial).map].forEach((each) => each?.dispose())
      renderer.dispose()
      renderer.forceContextLoss()
    },
  }
}

/** How far away a ball fills the smaller side of the view. */
const fits = (radius_mm: number, aspect: number): number =>
  (1.08 * radius_mm) / Math.sin(Math.atan(Math.tan((FIELD_DEG * Math.PI) / 360) * Math.min(1, aspect)))

function meshes(surface: Surface, views: readonly View[], palette: Parameters<typeof areaMaterial>[0]) {
  const position = new BufferAttribute(surface.vertices_mm, 3)
  const normal = new BufferAttribute(surface.normals, 4, true)
  const [round, ring] = [disc(['#ffffff']), disc(['#000000', '#ffffff', '#e6007e'])]
  return views.map((view) => {
    const scene = new Scene()
    const geometry = new BufferGeometry().setAttribute('position', position).setAttribute('normal', normal) // only areas are its own
    const given = view === 'plain' ? undefined : surface[view]
    if (given) geometry.setAttribute('given', new BufferAttribute(given, 2))
    geometry.boundingSphere = new Sphere(new Vector3(...surface.centre), surface.radius_mm)
    const { material, fade } = areaMaterial(palette)
    const mesh = new Mesh(geometry, material)
    const ofSection = new Points(new BufferGeometry(), new PointsMaterial({ size: DOT_PX, sizeAttenuation: false, map: round, alphaTest: 0.5 }))
    const marked = new Points(new BufferGeometry(), new PointsMaterial({ size: 3 * DOT_PX, sizeAttenuation: false, map: ring, alphaTest: 0.5, depthTest: false }))
    const lamp = new DirectionalLight('#ffffff', 1.2)
    scene.add(mesh, ofSection, marked, lamp, new HemisphereLight('#ffffff', '#b8b8b8', 2.1))
    return { scene, mesh, ofSection, marked, lamp, fade }
  })
}

/** A round sign of rings from outside to inside. */
function disc(colours: readonly string[], side_px = 32): CanvasTexture {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = side_px
  const pen = canvas.getContext('2d')!
  colours.forEach((colour, index) => {
    pen.fillStyle = colour
    pen.beginPath()
    pen.arc(side_px / 2, side_px / 2, (side_px / 2) * (1 - 0.22 * index), 0, 2 * Math.PI)
    pen.fill()
  })
  const texture = new CanvasTexture(canvas)
  texture.colorSpace = SRGBColorSpace
  return texture
}

function setPlaces(points: Points, { vertices_mm }: Surface, nodes: readonly number[]): void {
  const places = new Float32Array(nodes.length * 3)
  nodes.forEach((node, index) => places.set(vertices_mm.subarray(3 * node, 3 * node + 3), 3 * index))
  points.geometry.dispose()
  points.geometry = new BufferGeometry().setAttribute('position', new BufferAttribute(places, 3))
  points.visible = nodes.length > 0
}
