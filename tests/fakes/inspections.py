"""Result files of a job that looks inside a model, as a runner leaves them."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.contracts.datasets import RasterGrid
from core.contracts.inspection import FeatureSheet, InspectedInput, Inspection, Occlusion

GRID = RasterGrid(pixel_size_um=16.0, origin_um=(320.0, 160.0), width_px=32, height_px=32)
INPUT_GRID = RasterGrid(pixel_size_um=16.0, origin_um=(-4800.0, -4960.0), width_px=724, height_px=724)


def inspection_files(section: int) -> dict[str, bytes]:
    """A look at a model with one input: half of the square is hOc1."""
    found = Inspection(
        section=section,
        areas=("hOc1",),
        grid=GRID,
        image_file="image.png",
        inputs=(InspectedInput(name="low", grid=INPUT_GRID, file="input_low.png"),),
        occlusions=(Occlusion(shown=("low",), probability_files=("probability_low_hOc1.png",), shares=(0.5,)),),
        features=(FeatureSheet(layer="decoder.classifier", maps=4, width_px=32, height_px=32, file="features_x.png"),),
    )
    whole, half = np.full((32, 32), 200, np.uint8), np.repeat(np.array([[230], [10]], np.uint8), 16, axis=0).repeat(32, axis=1)
    pictures = {
        "image.png": whole,
        "input_low.png": np.full((724, 724), 190, np.uint8),
        "probability_low_hOc1.png": half,
        "features_x.png": np.full((164, 164), 90, np.uint8),
    }
    return {"inspection.json": found.model_dump_json().encode(), **{name: _png(each) for name, each in pictures.items()}}


def _png(raster: NDArray[np.uint8]) -> bytes:
    content = io.BytesIO()
    Image.fromarray(raster).save(content, "PNG")
    return content.getvalue()
