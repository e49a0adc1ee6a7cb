"""Result files of jobs of features and graphs, as a runner leaves them: on a sphere instead of a cortex."""

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from core.contracts.features import (
    AreaCount,
    AreaScore,
    ClassificationReport,
    ClassifierSettings,
    EncoderSettings,
    FeaturesReport,
    PatchPoint,
    PatchStatistics,
    Robustness,
    Scores,
    SectionSplit,
)
from core.contracts.graphs import GraphReport, GraphSettings, MidsurfaceReport, SurfacePart, SurfaceResult

AREAS = ("hOc1", "hOc2")
RADIUS_MM = 20.0
Arrays = dict[str, NDArray[np.generic]]


def icosphere(levels: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Unit vectors (n, 3) and outward triangles (m, 3) of an icosahedron divided so often: 10·4^levels + 2 nodes."""
    golden = (1 + 5**0.5) / 2
    corners = [(-1, golden, 0), (1, golden, 0), (-1, -golden, 0), (1, -golden, 0)]
    points = [np.roll(corner, turn) for turn in range(3) for corner in corners]
    found = np.array(points, np.float64) / np.hypot(1, golden)
    triangles = _hull(found)
    for _ in range(levels):
        found, triangles = _divided(found, triangles)
    return found.astype(np.float32), triangles.astype(np.int32)


def _hull(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """The 20 faces of an icosahedron: three corners that are neighbours of one another, seen from outside."""
    near = (points @ points.T > 0.4) & ~np.eye(12, dtype=bool)
    faces = [
        (a, b, c) for a in range(12) for b in range(a + 1, 12) for c in range(b + 1, 12) if near[a, b] & near[b, c] & near[a, c]
    ]
    turned = [(a, b, c) if np.linalg.det(points[[a, b, c]]) > 0 else (a, c, b) for a, b, c in faces]
    return np.array(turned)


def _divided(points: NDArray[np.float64], triangles: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    unique, inverse = np.unique(edges, axis=0, return_inverse=True)
    middles = points[unique].sum(axis=1)
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    a, b, c = triangles.T
    ab, bc, ca = (inverse.reshape(-1, 3) + len(points)).T
    four = [np.stack(each, 1) for each in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    return np.concatenate([points, middles]), np.concatenate(four)


def midsurface_arrays(sections: tuple[int, ...], levels: int = 3) -> Arrays:
    """A sphere cut by these sections from back to front; every tenth node has no tissue."""
    points, triangles = icosphere(levels)
    edges = np.linspace(-1, 1, len(sections) + 1)[1:-1]
    numbers = np.array(sections, np.int32)[np.searchsorted(edges, points[:, 1])]
    return {
        "vertices_mm": points * np.float32(RADIUS_MM),
        "triangles": triangles,
        "part": (points[:, 0] > 0).astype(np.uint8),
        "section": numbers,
        "point_um": (1500 + 1000 * points[:, [0, 2]]).astype(np.float32),
        "usable": (np.arange(len(points)) % 10 > 0).astype(np.uint8),
    }


def graph_arrays(sections: tuple[int, ...], areas: int = len(AREAS), levels: int = 3) -> Arrays:
    """Areas in wedges around the axis; annotated ones in the upper half, where a tenth was found otherwise."""
    base = midsurface_arrays(sections, levels)
    points = np.asarray(base["vertices_mm"], np.float64)
    angle = (np.arctan2(points[:, 2], points[:, 0]) / (2 * np.pi)) % 1
    true = (angle * areas).astype(np.int16)
    found = np.where(np.random.default_rng(0).random(len(points)) < 0.1, (true + 1) % areas, true).astype(np.int16)
    annotated = np.where(points[:, 2] > 0, true, -1).astype(np.int16)
    split = np.where(annotated < 0, 0, 1 + (np.asarray(base["section"]) // 20 % 3 == 0)).astype(np.uint8)
    probability = (255 * (0.5 + 0.5 * np.abs(np.sin(angle * areas * np.pi)))).astype(np.uint8)
    return {**base, "area": found, "annotated": annotated, "probability": probability, "split": split}


def midsurface_files(brain: str, sections: tuple[int, ...]) -> dict[str, bytes]:
    """What a midsurface job leaves."""
    arrays = midsurface_arrays(sections)
    nodes, triangles = len(arrays["vertices_mm"]), len(arrays["triangles"])
    part = SurfacePart(
        name="whole",
        vertices=nodes,
        triangles=triangles,
        euler=2,
        boundary_edges=0,
        non_manifold_edges=0,
        area_mm2=4 * np.pi * RADIUS_MM**2,
    )
    report = MidsurfaceReport(
        brain=brain,
        voxel_um=300.0,
        parts=(part,),
        nodes=nodes,
        nodes_on_sections=nodes,
        usable_nodes=int(np.count_nonzero(arrays["usable"])),
        mean_edge_um=300.0,
        edge_variation=0.1,
        repaired_voxels=12,
        removed_voxels=3,
        warnings=("Made of a sphere.",),
    )
    return {"midsurface.json": report.model_dump_json().encode(), "midsurface.safetensors": safetensors.numpy.save(arrays)}


def graph_files(brain: str, sections: tuple[int, ...], areas: tuple[str, ...] = AREAS, levels: int = 3) -> dict[str, bytes]:
    """What a graph job leaves of one brain, but its predictions on sections."""
    arrays = graph_arrays(sections, len(areas), levels)
    share = np.bincount(np.asarray(arrays["area"], np.int64), minlength=len(areas)) / len(arrays["area"])
    surface = SurfaceResult(
        brain=brain,
        file=f"surfaces/{brain}.safetensors",
        nodes=len(arrays["area"]),
        area_mm2={area: float(4 * np.pi * RADIUS_MM**2 * part) for area, part in zip(areas, share, strict=True)},
    )
    report = GraphReport(
        areas=areas,
        settings=GraphSettings(features=("coordinates",)),
        surfaces=(surface,),
        train=scores(areas),
        test=scores(areas),
        final_loss=0.2,
        mean_probability=0.75,
    )
    return {"graph.json": report.model_dump_json().encode(), surface.file: safetensors.numpy.save(arrays)}


def scores(areas: tuple[str, ...], patches: int = 20) -> Scores:
    """Of each area's patches a fifth is taken for the next area's."""
    side = len(areas)
    confusion = np.zeros((side, side), int)
    np.fill_diagonal(confusion, patches - patches // 5)
    confusion[np.arange(side), (np.arange(side) + 1) % side] += patches // 5
    each = tuple(AreaScore(area=area, f1=0.8, precision=0.8, recall=0.8, patches=patches) for area in areas)
    return Scores(macro_f1=0.8, areas=each, confusion=tuple(tuple(row) for row in confusion.tolist()))


def statistics(brain: str, sections: tuple[int, ...], areas: tuple[str, ...] = AREAS) -> PatchStatistics:
    """Sixty patches of each area; the last section is for test."""
    return PatchStatistics(
        areas=tuple(AreaCount(area=area, train=40, test=20, transfer=0, ratio=1.0) for area in areas),
        sections=(SectionSplit(brain=brain, train=sections[:-1], test=sections[-1:]),),
        patches_per_area=40,
    )


def features_files(brain: str, sections: tuple[int, ...], areas: tuple[str, ...] = AREAS) -> dict[str, bytes]:
    """What a features job leaves, but its encoder."""
    report = FeaturesReport(
        areas=areas,
        settings=EncoderSettings(encoder="resnet18"),
        feature_width=128,
        statistics=statistics(brain, sections, areas),
        final_loss=1.5,
        patches_per_s=12.0,
        waiting_share=0.05,
    )
    return {"features.json": report.model_dump_json().encode(), "encoder.safetensors": b"not read here"}


def classification_files(
    brain: str, sections: tuple[int, ...], features_job: str, areas: tuple[str, ...] = AREAS
) -> dict[str, bytes]:
    """What a classify_patches job leaves: a cloud of twenty test patches for each area."""
    generator = np.random.default_rng(1)
    count = 20 * len(areas)
    points = tuple(
        PatchPoint(
            brain=brain,
            section=sections[-1],
            centre_um=(1000.0 + 40 * number, 1500.0),
            area=areas[number // 20],
            given=areas[number // 20],
            cluster=number // 20,
            at=(float(np.cos(number // 20) * 8 + offset[0]), float(np.sin(number // 20) * 8 + offset[1])),
            nearest=((number + 1) % count,),
        )
        for number, offset in enumerate(generator.normal(0, 1.5, (count, 2)))
    )
    report = ClassificationReport(
        features_job=features_job,
        areas=areas,
        settings=ClassifierSettings(),
        statistics=statistics(brain, sections, areas),
        train=scores(areas),
        test=scores(areas),
        robustness=(
            Robustness(change="rotation", value=45, unit="degrees", macro_f1=0.78),
            Robustness(change="darker", value=20, unit="percent", macro_f1=0.61),
        ),
        points=points,
    )
    return {"classification.json": report.model_dump_json().encode()}
