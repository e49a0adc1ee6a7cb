/** The surface in space: the only place that knows the 3D library. Both views look through one camera, so they move together. */
import {
  BufferAttribute, BufferGeometry, CanvasTexture, DirectionalLight, DoubleSide, HemisphereLight, Mesh, MeshLambertMaterial, PerspectiveCamera, Plane, Points,
  PointsMaterial, Raycaster, Scene, SRGBColorSpace, Vector2, Vector3, WebGLRenderer,
} from 'three'
import { OrbitControls } from 'three/addons/controls/OrbitControls.js'

import { ballAround, meanAlong, seriesAxis, type Surface } from '../model/surface'
import { turned } from './turning'

const FIELD_DEG = 35
const GAP_PX = 1 // between the two views
const DOT_PX = 5

export interface Cut {
  nodes: readonly number[] // of the section
  colour: string // theirs
}

export interface Space {
  paint(view: number, colours: Float32Array): void
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

/** Draws the surface as many times side by side as there are views; throws where there is no WebGL. Nothing runs while nothing moves. */
export function createSpace(canvas: HTMLCanvasElement, surface: Surface, views: number): Space {
  const renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true })
  renderer.localClippingEnabled = true
  renderer.setScissorTest(true)
  const { centre, radius_mm } = ballAround(surface)
  const camera = new PerspectiveCamera(FIELD_DEG, 1, radius_mm / 50, radius_mm * 20)
  camera.up.set(0, 0, 1) // the controls ask once
  const controls = new OrbitControls(camera, canvas)
  controls.minDistance = radius_mm / 10
  controls.maxDistance = radius_mm * 10
  const plane = new Plane()
  const axis = seriesAxis(surface)
  const middle = new Vector3(...centre)
  const shown = meshes(surface, views)
  const ray = new Raycaster()
  let frame = 0

  function draw(): void {
    frame = 0
    const [width, height] = [canvas.clientWidth / views, canvas.clientHeight]
    shown.forEach(({ scene, lamp }, index) => {
      lamp.position.copy(camera.position)
      renderer.setViewport(index * width, 0, width, height)
      renderer.setScissor(index * width, 0, width - (index < views - 1 ? GAP_PX : 0), height)
      renderer.render(scene, camera)
    })
    canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1)
  }
  const redraw = (): void => void (frame ||= requestAnimationFrame(draw))

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
    camera.aspect = width / views / height
    camera.updateProjectionMatrix()
    redraw()
  }

  function nodeAt(x: number, y: number): number | undefined {
    const width = canvas.clientWidth / views
    const index = Math.min(views - 1, Math.floor(x / width))
    ray.setFromCamera(new Vector2((2 * (x - index * width)) / width - 1, 1 - (2 * y) / canvas.clientHeight), camera)
    const { mesh } = shown[index]!
    const cut = !!mesh.material.clippingPlanes?.length
    const hit = ray.intersectObject(mesh, false).find(({ point }) => !cut || plane.distanceToPoint(point) >= 0)
    if (!hit?.face) return undefined
    const away = (node: number) => hit.point.distanceToSquared(new Vector3().fromArray(surface.vertices_mm, 3 * node))
    return [hit.face.a, hit.face.b, hit.face.c].sort((a, b) => away(a) - away(b))[0]
  }

  function cut(where: Cut | undefined): void {
    const nodes = where?.nodes ?? []
    plane.normal.set(0, 0, 0).setComponent(axis, 1)
    plane.constant = -meanAlong(surface, nodes, axis)
    for (const { mesh, ofSection } of shown) {
      mesh.material.clippingPlanes = where ? [plane] : []
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
    paint(view, colours) {
      const { mesh } = shown[view]!
      mesh.geometry.setAttribute('color', new BufferAttribute(colours, 3))
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
      cancelAnimationFrame(frame)
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

function meshes(surface: Surface, views: number) {
  const base = new BufferGeometry()
  base.setAttribute('position', new BufferAttribute(surface.vertices_mm, 3))
  base.setIndex(new BufferAttribute(new Uint32Array(surface.triangles), 1))
  base.computeVertexNormals()
  const [round, ring] = [disc(['#ffffff']), disc(['#000000', '#ffffff', '#e6007e'])]
  return Array.from({ length: views }, () => {
    const scene = new Scene()
    const geometry = new BufferGeometry() // shares everything but colours
    for (const name of ['position', 'normal']) geometry.setAttribute(name, base.getAttribute(name))
    geometry.setIndex(base.getIndex())
    const mesh = new Mesh(geometry, new MeshLambertMaterial({ vertexColors: true, side: DoubleSide }))
    const ofSection = new Points(new BufferGeometry(), new PointsMaterial({ size: DOT_PX, sizeAttenuation: false, map: round, alphaTest: 0.5 }))
    const marked = new Points(new BufferGeometry(), new PointsMaterial({ size: 3 * DOT_PX, sizeAttenuation: false, map: ring, alphaTest: 0.5, depthTest: false }))
    const lamp = new DirectionalLight('#ffffff', 1.2)
    scene.add(mesh, ofSection, marked, lamp, new HemisphereLight('#ffffff', '#b8b8b8', 2.1))
    return { scene, mesh, ofSection, marked, lamp }
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
