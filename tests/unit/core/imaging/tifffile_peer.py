"""What tifffile makes of a file, to compare with."""

from pathlib import Path

import numpy as np
import tifffile


def tifffile_samples(path: Path, page: int = 0) -> np.ndarray:
    """(height, width) or (height, width, samples) of a page."""
    with tifffile.TiffFile(path) as tiff:
        found = tiff.pages[page]
        pixels = found.asarray()
        return np.moveaxis(pixels, 0, 2) if found.axes == "SYX" else pixels
