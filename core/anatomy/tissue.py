"""Tissue classes of a section from its image: background, white matter, gray matter (thesis 3.2)."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

from core.anatomy.tissue_contours import Mask, Values, two_regions
from core.contracts.datasets import RasterGrid
from core.datasets import BrainFolder
from core.datasets.tissue import Labels
from core.imaging.resampling import Image
from core.imaging.sections import read_whole

PIXEL_SIZE_UM = 16.0
_COARSE = 4
_BACKGROUND, _WHITE, _GRAY = 0, 1, 2
_LEAST_CONTRAST = 15.0
_SMALLEST_TISSUE_MM2 = 0.5
_LARGEST_VESSEL_MM2 = 0.05
_SMALLEST_PIECE_MM2 = 0.05
_REACH_UM = 1500.0
_ITERATIONS = 40


def section_classes(folder: BrainFolder, number: int) -> tuple[Labels, RasterGrid]:
    """Tissue classes of a section and the raster they lie on, from its image; the errors of reading it."""
    with folder.pyramid(number) as pyramid:
        image = read_whole(pyramid, PIXEL_SIZE_UM)
    grid = RasterGrid(pixel_size_um=PIXEL_SIZE_UM, width_px=image.shape[1], height_px=image.shape[0])
    return tissue_classes(image), grid


def tissue_classes(image: Image) -> Labels:
    """Classes (height, width) 0 background, 1 white matter, 2 gray matter of an 8-bit gray image at 16 µm."""
    tissue = find_tissue(image)
    white = find_white_matter(image, tissue)
    labels: Labels = np.where(tissue, np.where(white, _WHITE, _GRAY), _BACKGROUND).astype(np.uint8)
    return labels


def find_tissue(image: Image) -> Mask:
    """Where the slide is covered, (height, width): darker than the histogram's minimum nearest to Otsu's threshold."""
    threshold = background_threshold(np.bincount(image.reshape(-1), minlength=256))
    if threshold is None:
        return np.zeros(image.shape, np.bool_)
    covered = np.asarray(cv2.medianBlur(image, 3) <= threshold)
    return without_small(~without_small(~covered, _LARGEST_VESSEL_MM2), _SMALLEST_TISSUE_MM2)


def background_threshold(histogram: NDArray[np.int64]) -> int | None:
    """The gray value (256 bins) up to which pixels are tissue; None where nothing stands out from the slide."""
    if np.count_nonzero(histogram) < 2:
        return None
    values = np.arange(256)
    otsu = int(threshold_otsu(hist=(histogram.astype(np.float64), values)))  # type: ignore[no-untyped-call]
    dark, bright = histogram[: otsu + 1], histogram[otsu + 1 :]
    contrast = (bright @ values[otsu + 1 :]) / bright.sum() - (dark @ values[: otsu + 1]) / dark.sum()
    if contrast < _LEAST_CONTRAST:
        return None
    smooth = ndimage.uniform_filter1d(ndimage.median_filter(histogram.astype(np.float64), 3), 5)
    minima = np.flatnonzero((smooth[1:-1] <= smooth[:-2]) & (smooth[1:-1] <= smooth[2:])) + 1
    return int(minima[np.argmin(np.abs(minima - otsu))]) if len(minima) else otsu


def find_white_matter(image: Image, tissue: Mask) -> Mask:
    """The lighter of the two kinds of tissue."""
    values, within = _shrunk(image, tissue)
    if not within.any():
        return np.zeros(image.shape, np.bool_)
    start = within & (values > threshold_otsu(values[within]))  # type: ignore[no-untyped-call]
    white = two_regions(values, within, start, _REACH_UM / (PIXEL_SIZE_UM * _COARSE), _ITERATIONS)
    soft = cv2.GaussianBlur(white.astype(np.float32), (0, 0), 0.7)
    fine = cv2.resize(soft, None, fx=_COARSE, fy=_COARSE, interpolation=cv2.INTER_CUBIC)
    found = (fine[: image.shape[0], : image.shape[1]] > 0.5) & tissue
    pieces = without_small(found, _SMALLEST_PIECE_MM2)
    return tissue & ~without_small(tissue & ~pieces, _SMALLEST_PIECE_MM2)


def _shrunk(image: Image, tissue: Mask) -> tuple[Values, Mask]:
    """Mean of the tissue in blocks of coarse pixels, smoothed, and the blocks that are tissue at least by half."""
    padding = [(0, -side % _COARSE) for side in image.shape]
    weight = np.pad(tissue, padding).astype(np.float32)
    values = np.pad(image, padding).astype(np.float32) * weight
    size = (weight.shape[1] // _COARSE, weight.shape[0] // _COARSE)
    share, total = (cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in (weight, values))
    blurred = [cv2.GaussianBlur(part, (0, 0), 1.0) for part in (share, total)]
    return np.asarray(blurred[1] / np.maximum(blurred[0], 1e-6), np.float32), np.asarray(share >= 0.5)


def without_small(mask: Mask, smallest_mm2: float) -> Mask:
    """The mask without pieces (8-connected) of less area; 16 µm pixels."""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] * PIXEL_SIZE_UM**2 / 1e6 >= smallest_mm2
    keep[0] = False
    return np.asarray(keep[pieces])
