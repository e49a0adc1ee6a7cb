"""The midsurface of a brain's cortex as a midsurface job leaves it: `midsurface.json` and `midsurface.safetensors`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from core.contracts.graphs import MidsurfaceReport
from core.datasets.files import write_atomically

REPORT_FILE, MESH_FILE = "midsurface.json", "midsurface.safetensors"
NO_SECTION = -1
_KINDS = {
    "vertices_mm": (np.float32, 2),
    "triangles": (np.int32, 2),
    "part": (np.uint8, 1),
    "section": (np.int32, 1),
    "point_um": (np.float32, 2),
    "usable": (np.uint8, 1),
}


class MidsurfaceFilesError(Exception):
    """A midsurface that cannot be used: the message names the file and the remedy."""


@dataclass(frozen=True, eq=False)
class Midsurface:
    """The mesh with what is known of each of its n nodes.

    `vertices_mm` (n, 3): x to the right and z upward in the frame of the brain's middle section (z = -y), y = section number
    times thickness; so they are right, anterior, superior where sections are coronal. `triangles` (m, 3) turn so that their
    normals point to the pia. `part` (n,) indexes `report.parts`. `section` (n,) is the number of the section a node lies on, -1
    for none, `point_um` (n, 2) its place there (0 where none), `usable` (n,) 1 where tissue was found around it.
    """

    report: MidsurfaceReport
    vertices_mm: NDArray[np.float32]
    triangles: NDArray[np.int32]
    part: NDArray[np.uint8]
    section: NDArray[np.int32]
    point_um: NDArray[np.float32]
    usable: NDArray[np.uint8]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays by the names they have in the file."""
        return {name: getattr(self, name) for name in _KINDS}


def write_midsurface(results: Path, surface: Midsurface) -> None:
    """Write the mesh, then the report: where that stands, the mesh stands too."""
    arrays = {name: np.ascontiguousarray(value) for name, value in surface.arrays().items()}
    write_atomically(results / MESH_FILE, save(arrays))
    write_atomically(results / REPORT_FILE, (surface.report.model_dump_json(indent=1) + "\n").encode())


def read_midsurface(results: Path) -> Midsurface:
    """What a midsurface job left in its results folder; MidsurfaceFilesError when it is missing, damaged or does not fit."""
    path = results / REPORT_FILE
    try:
        report = MidsurfaceReport.model_validate_json(path.read_bytes())
        path = results / MESH_FILE
        arrays = load_file(path)
    except FileNotFoundError as error:
        raise MidsurfaceFilesError(f"{path} is missing: the midsurface job has not ended well; run it again") from error
    except (ValidationError, SafetensorError) as error:
        raise MidsurfaceFilesError(f"{path} cannot be read ({str(error).splitlines()[0]}); run the job again") from error
    _check(path, arrays, report.nodes)
    return Midsurface(report, **{name: arrays[name] for name in _KINDS})


def _check(path: Path, arrays: dict[str, NDArray[np.generic]], nodes: int) -> None:
    for name, (kind, dimensions) in _KINDS.items():
        found = arrays.get(name)
        fits = found is not None and found.dtype == kind and found.ndim == dimensions
        if not fits or (name != "triangles" and len(arrays[name]) != nodes):
            raise MidsurfaceFilesError(f"{path}: `{name}` is missing or does not fit {nodes} nodes; run the job again")
    triangles = arrays["triangles"]
    if triangles.size and not 0 <= int(triangles.min()) <= int(triangles.max()) < nodes:
        raise MidsurfaceFilesError(f"{path}: triangles name nodes that there are not; run the job again")
