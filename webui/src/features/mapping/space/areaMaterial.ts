import { DataTexture, DoubleSide, FloatType, MeshLambertMaterial, RGBAFormat } from 'three'

export interface AreaMaterial {
  material: MeshLambertMaterial
  fade: { value: number } // 1: towards the neutral colour where the probability is low
}

const READ = `
#include <common>
attribute vec2 given; // area + 1, probability times 255
uniform sampler2D palette;
uniform float fade;
`
const LOOK_UP = `
vColor = vec4(mix(
  texelFetch(palette, ivec2(0), 0).rgb, texelFetch(palette, ivec2(int(given.x), 0), 0).rgb, mix(1.0, given.y / 255.0, fade)
), 1.0);
`

/** Takes each node's colour out of a table: other colours are another table, and no other mesh. */
export function areaMaterial(palette: { value: DataTexture }): AreaMaterial {
  const material = new MeshLambertMaterial({ vertexColors: true, side: DoubleSide })
  const fade = { value: 0 }
  material.onBeforeCompile = (shader) => {
    Object.assign(shader.uniforms, { palette, fade })
    shader.vertexShader = shader.vertexShader.replace('#include <common>', READ).replace('#include <color_vertex>', LOOK_UP)
  }
  return { material, fade }
}

/** Four numbers a colour, as one row. */
export function paletteTexture(colours: Float32Array): DataTexture {
  const texture = new DataTexture(colours, colours.length / 4, 1, RGBAFormat, FloatType)
  texture.needsUpdate = true
  return texture
}
