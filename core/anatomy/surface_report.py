"""What is told of a surface: its parts, their topology, its edges."""

from core.anatomy.isosurface import Surface
from core.anatomy.mesh import Mesh, boundary_loops, edge_lengths, kept, topology, triangle_areas
from core.contracts.graphs import SurfacePart
from core.units import mm_to_um

_HEMISPHERE = 0.5  # of the largest part's area: the two hemispheres of a brain are nearly alike


def surface_parts(surface: Surface) -> tuple[SurfacePart, ...]:
    """What is told of each part. Exactly two large ones are the hemispheres, the left one with the smaller x."""
    meshes = _meshes(surface)
    areas = [float(triangle_areas(mesh).sum()) for mesh in meshes]
    names = [f"part-{index + 1}" for index in range(len(meshes))]
    if sum(area >= _HEMISPHERE * areas[0] for area in areas) == 2:
        first_is_left = meshes[0].vertices[:, 0].mean() < meshes[1].vertices[:, 0].mean()
        names[:2] = ["left", "right"] if first_is_left else ["right", "left"]
    return tuple(_part(name, mesh) for name, mesh in zip(names, meshes, strict=True))


def edge_figures(mesh: Mesh) -> tuple[float, float]:
    """Mean length of the edges in µm, and their standard deviation over it."""
    lengths_um = mm_to_um(1.0) * edge_lengths(mesh)
    return float(lengths_um.mean()), float(lengths_um.std() / lengths_um.mean())


def handles_in_words(surface: Surface) -> list[str]:
    """A line for each part that has handles: banks that touch or sections that do not fit make them."""
    told = []
    for part, mesh in zip(surface_parts(surface), _meshes(surface), strict=True):
        handles = (2 - part.euler - boundary_loops(mesh.triangles)) // 2
        if handles > 0:
            told.append(f"{part.name} has {handles} handles: banks of sulci touch there, or sections do not fit")
    return told


def _meshes(surface: Surface) -> list[Mesh]:
    part = surface.part[surface.mesh.triangles[:, 0]]
    return [kept(surface.mesh, part == index)[0] for index in range(int(surface.part.max()) + 1)]


def _part(name: str, mesh: Mesh) -> SurfacePart:
    counted = topology(mesh.triangles)
    return SurfacePart(
        name=name,
        vertices=len(mesh.vertices),
        triangles=len(mesh.triangles),
        euler=counted.euler,
        boundary_edges=counted.boundary_edges,
        non_manifold_edges=counted.non_manifold_edges,
        area_mm2=float(triangle_areas(mesh).sum()),
    )
