"""Where the phantom's sections lie in the real subject's space: known exactly, written as a registration would be.

The reference space is that of the subject's surfaces (RAS, mm). The brain frame is the one sections are cut in, tilted
against it; a section's own deformation stands in its displacement field.
"""

from collections.abc import Mapping
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray

from core.contracts.atlas import AtlasMapping, Row3, SectionMapping
from core.datasets.atlas import write_mapping
from core.geometry.frames import Points, px_to_um
from core.phantom.anatomy import turning
from core.phantom.cutting import Warp
from core.phantom.presets import PhantomSpec

REFERENCE = "pycortex S1"
FIELD_PIXEL_SIZE_UM = 500.0
_ROUNDS = 60  # the deformation is a contraction; each round leaves about a fifth of the error


def write_atlas(folder: Path, spec: PhantomSpec, warps: Mapping[int, Warp]) -> None:
    """Write `atlas/mapping.json` and the displacement field of every section."""
    (folder / "atlas").mkdir(parents=True, exist_ok=True)
    sections = tuple(_section(folder / "atlas", spec, number, warp) for number, warp in warps.items())
    turn, centre = turning(spec.pitch_deg, spec.yaw_deg), np.asarray(spec.tilt_centre_mm)
    rows = np.c_[turn.T, centre - turn.T @ centre].tolist()  # the tilt undone
    write_mapping(folder, AtlasMapping(reference=REFERENCE, matrix=(rows[0], rows[1], rows[2]), sections=sections))


def to_plane(points_um: Points, warp: Warp) -> Points:
    """Section points (n, 2) in the anatomical plane before the deformation, x right and y down in µm: `to_section` undone."""
    turn, shift = warp.matrix[:, :2], warp.matrix[:, 2]
    placed = (points_um - shift) @ np.linalg.inv(turn).T
    points = placed.copy()
    for _ in range(_ROUNDS):
        points = placed - _deformation(points, warp.waves)
    return points


def _deformation(points_um: Points, waves: NDArray[np.float64]) -> Points:
    displaced: Points = np.sin(points_um @ waves[:, :2].T + waves[:, 2]) @ waves[:, 3:5]
    return displaced


def _section(place: Path, spec: PhantomSpec, number: int, warp: Warp) -> SectionMapping:
    inverse = np.linalg.inv(np.vstack([warp.matrix, [0, 0, 1]]))
    rows: tuple[Row3, Row3, Row3] = (
        _row(inverse[0] / 1000),
        (0.0, 0.0, spec.plane_mm(number)),
        _row(-inverse[1] / 1000),
    )
    name = f"field_{number:04d}.nii.gz"
    extent_um = 1000 * np.array([spec.window.width_mm, spec.window.height_mm])
    width, height = np.ceil(extent_um / FIELD_PIXEL_SIZE_UM).astype(int)
    columns, lines = np.meshgrid(np.arange(width), np.arange(height), indexing="ij")
    centres_um = px_to_um(np.c_[columns.ravel(), lines.ravel()].astype(np.float64), FIELD_PIXEL_SIZE_UM)
    moved = to_plane(centres_um, warp) - (centres_um @ inverse[:2, :2].T + inverse[:2, 2])
    vectors = np.c_[moved[:, 0], np.zeros(len(moved)), -moved[:, 1]] / 1000
    _write_field(place / name, vectors.reshape(width, height, 1, 1, 3).astype(np.float32))
    return SectionMapping(section=number, matrix=rows, field_file=name)


def _row(values: NDArray[np.float64]) -> Row3:
    x, y, offset = (float(value) for value in values)
    return x, y, offset


def _write_field(path: Path, vectors: NDArray[np.float32]) -> None:
    size_mm = FIELD_PIXEL_SIZE_UM / 1000
    to_world = np.diag([size_mm, size_mm, size_mm, 1.0])
    to_world[:2, 3] = size_mm / 2
    image = nibabel.Nifti1Image(vectors, to_world)  # type: ignore[no-untyped-call]
    image.header.set_intent("vector")  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")  # type: ignore[no-untyped-call]
    image.to_filename(path)
