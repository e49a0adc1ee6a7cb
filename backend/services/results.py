"""Results of jobs as they come over the wire: found beside one another and checked before anything believes them."""

import io
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backend.domain.errors import UnreadableDataError
from core.contracts.datasets import RasterGrid
from core.contracts.jobs import JobReport


def beside(place: PurePosixPath, name: str, report: JobReport) -> str:
    """The result `name` that the result `place` speaks of: in the same folder, or from the top; UnreadableDataError."""
    for candidate in (str(place.parent / name), name):
        if candidate in report.results:
            return candidate
    raise UnreadableDataError(f"The result {place} of job {report.key} names {name}, which is no result of the job.")


def read_raster(content: bytes, grid: RasterGrid, name: str) -> NDArray[np.uint8]:
    """The values of an 8-bit gray PNG, (height, width); UnreadableDataError when it is not one of the grid's size."""
    values = read_png(content, name)
    if values.shape != (grid.height_px, grid.width_px):
        raise UnreadableDataError(f"The raster {name} is {values.shape[1]} x {values.shape[0]} px; its grid says {grid}.")
    return values


def read_png(content: bytes, name: str) -> NDArray[np.uint8]:
    """The values of an 8-bit gray PNG of any size, (height, width); UnreadableDataError."""
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if image.mode != "L":
                raise UnreadableDataError(f"The picture {name} is of mode {image.mode}, not 8-bit gray.")
            return np.array(image, np.uint8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableDataError(f"The picture {name} is no PNG: {error}") from error
