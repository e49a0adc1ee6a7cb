"""Tissue classes of a section from its image: background, white matter, gray matter (thesis 3.2).

Tissue is told from the slide at 16 µm, where tight sulci are open, white from gray matter at 64 µm by an active contour.
Two things differ from the thesis. Instead of enhancing contrast by local histogram equalisation, the contour compares with
means from where both kinds meet nearby. And it starts from pixels that lie deep in the tissue, because layer I is nearly as
light as white matter.
"""

import cv2
import numpy as np
from skimage.filters import threshold_otsu

from core.anatomy.tissue_contours import Values, grow_light
from core.anatomy.tissue_slide import PIXEL_SIZE_UM, Mask, find_tissue
from core.contracts.datasets import RasterGrid
from core.datasets import BrainFolder
from core.datasets.tissue import Labels
from core.imaging.resampling import Image
from core.imaging.sections import read_whole
from core.units import um2_to_mm2

_WHITE, _GRAY = 1, 2
_COARSE = 4
_COARSE_UM = PIXEL_SIZE_UM * _COARSE
_DEEP_UM = 1000.0  # less than any cortex is thick, more than layers I and II
_LAYER_ONE_UM = (80.0, 300.0)
_EVEN = 0.2  # spread of white matter over its contrast to the cortex
_MEET_UM, _STAIN_UM = 200.0, 3000.0
_ITERATIONS = 60
_SMALLEST_PIECE_MM2 = 0.05


class TissueError(ValueError):
    """Tissue classes cannot be computed of what was given; the message says why."""


def section_classes(folder: BrainFolder, number: int) -> tuple[Labels, RasterGrid]:
    """Tissue classes of a section and the raster they lie on, from its image; the errors of reading it."""
    with folder.pyramid(number) as pyramid:
        image = read_whole(pyramid, PIXEL_SIZE_UM)
    grid = RasterGrid(pixel_size_um=PIXEL_SIZE_UM, width_px=image.shape[1], height_px=image.shape[0])
    return tissue_classes(image), grid


def tissue_classes(image: Image) -> Labels:
    """Classes (height, width) 0 background, 1 white matter, 2 gray matter of an 8-bit gray image at 16 µm.

    All background where nothing stands out from the slide; no white matter where nothing deep is lighter than the cortex.
    TissueError for any other array.
    """
    if image.dtype != np.uint8 or image.ndim != 2 or not image.size:
        raise TissueError(f"a section image is 8-bit gray (height, width), got {image.dtype} {image.shape}; read it anew")
    tissue = find_tissue(image)
    labels: Labels = tissue.view(np.uint8) * np.uint8(_GRAY)
    labels[find_white_matter(image, tissue) & tissue] = _WHITE
    return labels


def areas_mm2(labels: Labels, grid: RasterGrid) -> tuple[float, float]:
    """Extent of white matter and of gray matter."""
    pixel_mm2 = um2_to_mm2(grid.pixel_size_um**2)
    return int((labels == _WHITE).sum()) * pixel_mm2, int((labels == _GRAY).sum()) * pixel_mm2


def find_white_matter(image: Image, tissue: Mask) -> Mask:
    """The light and deep one of the two kinds of tissue (height, width); reaches beyond the tissue by less than 64 µm."""
    values, within = _shrunk(image, tissue)
    white = grow_light(values, within, _seeds(values, within), (_MEET_UM / _COARSE_UM, _STAIN_UM / _COARSE_UM), _ITERATIONS)
    white = _without_small(white)
    white = within & ~_without_small(within & ~white)
    # Half-way between pixels of 64 µm; tissue at the surface that is less than half such a pixel is as the next one.
    soft = cv2.GaussianBlur(white.astype(np.uint8) * 255, (0, 0), 0.7)
    size = (within.shape[1] * _COARSE, within.shape[0] * _COARSE)
    return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_CUBIC)[: image.shape[0], : image.shape[1]] > 127)


def _seeds(values: Values, within: Mask) -> Mask:
    """What is surely white matter: the light part of what lies deeper than most of the cortex.

    Layer I can be as light as white matter, but it lies at the surface. White matter is much the same everywhere. Where the
    light part is not, the section may show cortex only, whose layers differ too: then white matter must also be lighter
    than layer I, the lightest layer.
    """
    # Beyond the image's border the tissue goes on, so it is no surface.
    framed = np.pad(within, 1, mode="edge").astype(np.uint8)
    depth_px = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1]
    depth_um = np.minimum(depth_px, max(framed.shape)) * _COARSE_UM  # without any surface it has no bound
    deep = np.asarray(within & (depth_um > _DEEP_UM), np.bool_)
    if not deep.any():
        return deep
    threshold = float(threshold_otsu(values[deep]))  # type: ignore[no-untyped-call]
    middle, spread = _middle_and_spread(values[deep & (values > threshold)])
    dark_middle, _ = _middle_and_spread(values[deep & (values <= threshold)])
    if spread > _EVEN * (middle - dark_middle):
        layer_one = values[within & (depth_um > _LAYER_ONE_UM[0]) & (depth_um < _LAYER_ONE_UM[1])]
        threshold = max(threshold, _middle_and_spread(layer_one)[0])
    seeds = deep & (values > max(threshold, middle - 3 * spread))
    return np.asarray(cv2.morphologyEx(seeds.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.bool_)


def _middle_and_spread(values: Values) -> tuple[float, float]:
    """Median, and the standard deviation of a normal distribution with the same median absolute deviation; 0 without values."""
    if not values.size:
        return 0.0, 0.0
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))


def _shrunk(image: Image, tissue: Mask) -> tuple[Values, Mask]:
    """Mean of the tissue in blocks of coarse pixels, slightly smoothed, and the blocks that are tissue at least by half."""
    padding = [(0, -side % _COARSE) for side in image.shape]
    covered = np.pad(tissue, padding, mode="edge").view(np.uint8)
    size = (covered.shape[1] // _COARSE, covered.shape[0] // _COARSE)
    # A pixel at the surface is part glass and lighter than its tissue; it counts where there is no other.
    weight = cv2.erode(covered, np.ones((3, 3), np.uint8)) * np.uint8(254) + covered
    total = cv2.multiply(np.pad(image, padding, mode="edge"), weight, dtype=cv2.CV_16U)
    whole = (weight * np.uint16(257), total)
    shares = (cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.float32) for part in whole)
    weights, totals = (cv2.GaussianBlur(share, (0, 0), 1.0) for share in shares)
    within = cv2.resize(covered * np.uint8(255), size, interpolation=cv2.INTER_AREA) > 127
    return np.asarray(257 * totals / np.maximum(weights, 1.0), np.float32), np.asarray(within)


def _without_small(mask: Mask) -> Mask:
    """The mask on coarse pixels without pieces (8-connected) of less than the smallest area."""
    _, pieces, sizes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    keep = um2_to_mm2(_COARSE_UM**2) * sizes[:, cv2.CC_STAT_AREA] >= _SMALLEST_PIECE_MM2
    keep[0] = False
    return np.asarray(keep[pieces])
