/** What was found, in words. */
import type { MidsurfaceReport } from '@/api/types'
import { count } from '@/shared/format'

const SHAPES: Record<number, string> = { 2: 'closed like a sphere', 1: 'open like a disk' }

/** "left: 1,234 mm², closed like a sphere". */
export function partWords({ name, area_mm2, euler, boundary_edges, non_manifold_edges }: MidsurfaceReport['parts'][number]): string {
  const shape = SHAPES[euler] ?? (euler % 2 === 0 && !boundary_edges ? `with ${count(1 - euler / 2, 'handle')}` : `of Euler characteristic ${euler}`)
  const odd = non_manifold_edges ? `, ${count(non_manifold_edges, 'edge')} where more than two triangles meet` : ''
  return `${name}: ${Math.round(area_mm2).toLocaleString()} mm², ${shape}${odd}`
}

/** Nodes, how many lie on a section and on tissue. */
export function nodeWords({ nodes, nodes_on_sections, usable_nodes }: MidsurfaceReport): string {
  return `${nodes.toLocaleString()} nodes, ${nodes_on_sections.toLocaleString()} of them on a section and ${usable_nodes.toLocaleString()} on tissue.`
}

/** The mesh: length of its edges, and what was mended before it was made. */
export function meshWords({ mean_edge_um, edge_variation, voxel_um, repaired_voxels, removed_voxels }: MidsurfaceReport): string {
  return (
    `Edges of ${Math.round(mean_edge_um)} µm (± ${Math.round(100 * edge_variation)} %), from voxels of ${Math.round(voxel_um)} µm; ` +
    `${count(repaired_voxels, 'voxel')} filled in, ${count(removed_voxels, 'voxel')} taken out as loose pieces or no cortex.`
  )
}
