"""Result files of a prediction job, as a runner leaves them."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.contracts.datasets import RasterGrid
from core.contracts.training import AREA, BACKGROUND, BorderStretch, SectionPrediction

GRID = RasterGrid(pixel_size_um=16.0, origin_um=(320.0, 160.0), width_px=120, height_px=100)


def disc(grid: RasterGrid = GRID, radius_px: float = 30.0) -> NDArray[np.bool_]:
    """A disc in the middle of the grid."""
    rows, columns = np.mgrid[: grid.height_px, : grid.width_px]
    inside: NDArray[np.bool_] = np.hypot(rows - grid.height_px / 2, columns - grid.width_px / 2) < radius_px
    return inside


def prediction_files(section: int, mask: NDArray[np.bool_], area: str = "hOc1", grid: RasterGrid = GRID) -> dict[str, bytes]:
    """The files of one section."""
    described = SectionPrediction(
        section=section,
        area=area,
        grid=grid,
        label_file=f"{section}_label.png",
        confidence_file=f"{section}_confidence.png",
        probability_file=f"{section}_probability.png",
        entropy_file=f"{section}_entropy.png",
        area_mm2=float(mask.sum()) * (grid.pixel_size_um / 1000) ** 2,
        mean_confidence=0.8,
        doubt=0.2,
        border=(BorderStretch(points=((400.0, 400.0), (500.0, 420.0)), length_mm=0.1, doubt=0.7),),
    )
    return {
        f"predictions/{section}.json": described.model_dump_json().encode(),
        f"predictions/{section}_label.png": png(np.where(mask, AREA, BACKGROUND).astype(np.uint8)),
        f"predictions/{section}_confidence.png": png(np.full(mask.shape, 204, np.uint8)),
        f"predictions/{section}_probability.png": png(np.where(mask, 204, 51).astype(np.uint8)),
        f"predictions/{section}_entropy.png": png(np.full(mask.shape, 128, np.uint8)),
    }


def png(raster: NDArray[np.uint8]) -> bytes:
    """An 8-bit PNG."""
    content = io.BytesIO()
    Image.fromarray(raster).save(content, "PNG")
    return content.getvalue()
