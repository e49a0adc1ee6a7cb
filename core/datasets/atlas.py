"""What a reference space says about sections, on disk: one HDF5 file per section below `atlas/`."""

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import h5py
import numpy as np
from numpy.typing import NDArray

from core.contracts.atlas import AtlasMapping
from core.contracts.datasets import RasterGrid
from core.datasets.files import MAPPING_FILE, DatasetError, MissingFileError, projection_file, write_atomically
from core.datasets.folder import BrainFolder


@dataclass(frozen=True, slots=True)
class Projection:
    """What a reference space says about a section, on the raster `grid` (thesis eq. 3.63 and 3.64).

    `coordinates` (h, w, 3): right, anterior, superior from -1 to 1 over the reference volume, NaN outside of it.
    `probabilities` (h, w, areas) in [0, 1], stored in steps of 1/255.
    """

    reference: str
    grid: RasterGrid
    coordinates: NDArray[np.float32]
    areas: tuple[str, ...]
    probabilities: NDArray[np.float32]


def write_mapping(folder: Path, mapping: AtlasMapping) -> None:
    """Write `atlas/mapping.json`."""
    write_atomically(folder / MAPPING_FILE, mapping.model_dump_json(indent=1).encode())


def projection_path(folder: BrainFolder, number: int) -> Path:
    """Where a section's projection is; KeyError for a section the brain does not have."""
    return folder.path / projection_file(folder.brain.id, folder.brain.section(number).number)


def write_projection(folder: BrainFolder, number: int, projection: Projection) -> Path:
    """Write by temporary name and rename; returns the file."""
    path = projection_path(folder, number)
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with h5py.File(temporary, "w") as file:
            file.attrs["reference"] = projection.reference
            file.attrs["grid"] = projection.grid.model_dump_json()
            file.attrs["areas"] = list(projection.areas)
            file.create_dataset("coordinates", data=projection.coordinates, compression="gzip", shuffle=True)
            shares = np.rint(projection.probabilities * 255).astype(np.uint8)
            file.create_dataset("probabilities", data=shares, **({"compression": "gzip"} if shares.size else {}))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def read_projection(folder: BrainFolder, number: int) -> Projection:
    """A section's projection; MissingFileError before it was made, DatasetError when the file is wrong."""
    path = projection_path(folder, number)
    if not path.is_file():
        raise MissingFileError(path, "nothing was projected onto this section; run `brodmann atlas`")
    try:
        with h5py.File(path, "r") as file:
            return Projection(
                reference=str(file.attrs["reference"]),
                grid=RasterGrid.model_validate_json(str(file.attrs["grid"])),
                coordinates=file["coordinates"][:],
                areas=tuple(str(area) for area in file.attrs["areas"]),
                probabilities=file["probabilities"][:].astype(np.float32) / 255,
            )
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(path, f"it is not a projection ({error}); run `brodmann atlas` again") from error
