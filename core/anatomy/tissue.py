"""Tissue classes of a section from its image: background, white matter, gray matter (thesis 3.2)."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

from core.anatomy.tissue_contours import Mask, Values, grow_light
from core.contracts.datasets import RasterGrid
from core.datasets import BrainFolder
from core.datasets.tissue import Labels
from core.imaging.resampling import Image
from core.imaging.sections import read_whole

PIXEL_SIZE_UM = 16.0
_COARSE = 4
_COARSE_UM = PIXEL_SIZE_UM * _COARSE
_BACKGROUND, _WHITE, _GRAY = 0, 1, 2
_LEAST_CONTRAST = 15.0
_SMALLEST_TISSUE_MM2 = 0.5
_LARGEST_VESSEL_MM2 = 0.05
_SMALLEST_PIECE_MM2 = 0.05
_LAYER_ONE_UM = (80.0, 300.0)
_DEEP_UM = 1000.0
_EVEN = 0.2
_BLACK = 30
_FEW = 1e-4
_MEET_UM = 200.0
_STAIN_UM = 3000.0
_ITERATIONS = 60


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
    """Where the slide is covered, (height, width): what is darker than the histogram's minimum, the scanner's frame left out."""
    frame = scan_frame(image)
    threshold = background_threshold(np.bincount(image[~frame], minlength=256))
    if threshold is None:
        return np.zeros(image.shape, np.bool_)
    covered = (image <= threshold) & ~frame
    return without_small(~without_small(~covered, _LARGEST_VESSEL_MM2), _SMALLEST_TISSUE_MM2)


def scan_frame(image: Image) -> Mask:
    """The black beyond the slide in some scans, (height, width): black pixels that reach the image's border, and a margin."""
    black = np.pad(image <= _BLACK, 1, constant_values=False)
    if not black.any():
        return black[1:-1, 1:-1]
    pieces, _ = ndimage.label(black[1:-1, 1:-1])
    rim = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
    touching = np.isin(pieces, rim[rim > 0])
    return np.asarray(cv2.dilate(touching.astype(np.uint8), np.ones((9, 9), np.uint8)), np.bool_)


def background_threshold(histogram: NDArray[np.int64]) -> int | None:
    """The gray value (256 bins) up to which pixels are tissue; None where nothing stands out from the slide.

    Of the minima of the smoothed histogram the one nearest to Otsu's threshold (thesis 3.2). In a pale section Otsu divides
    white from gray matter, so minima count that are about as deep as the deepest: nothing on a slide is as gray as to lie
    between slide and tissue, while the two kinds of tissue run into one another.
    """
    if np.count_nonzero(histogram) < 2:
        return None
    values, counts = np.arange(256), histogram.astype(np.float64)
    otsu = int(threshold_otsu(hist=(counts, values)))  # type: ignore[no-untyped-call]
    dark, bright = counts[: otsu + 1], counts[otsu + 1 :]
    contrast = (bright @ values[otsu + 1 :]) / bright.sum() - (dark @ values[: otsu + 1]) / dark.sum()
    if contrast < _LEAST_CONTRAST:
        return None
    # No median filter as in the thesis: an even slide has one gray value, and a peak of one bin is no noise.
    smooth = ndimage.gaussian_filter1d(counts, 2.0) + _FEW * counts.sum()
    walls = np.minimum(np.maximum.accumulate(smooth), np.maximum.accumulate(smooth[::-1])[::-1])
    depth = np.log(walls / smooth)
    minima = np.flatnonzero((depth > 0) & (smooth <= np.roll(smooth, 1)) & (smooth <= np.roll(smooth, -1)))
    deep = minima[depth[minima] >= depth[minima].max() / 2] if len(minima) else np.array([otsu])
    return int(deep[np.argmin(np.abs(deep - otsu))])


def find_white_matter(image: Image, tissue: Mask) -> Mask:
    """The lighter of the two kinds of tissue, grown from where it is lighter than layer I and deeper than cortex is thick."""
    values, within = _shrunk(image, tissue)
    seeds = _seeds(values, within)
    reach_px = (_MEET_UM / _COARSE_UM, _STAIN_UM / _COARSE_UM)
    white = grow_light(values, within, seeds, reach_px, _ITERATIONS)
    soft = cv2.GaussianBlur(white.astype(np.float32), (0, 0), 0.7)
    fine = cv2.resize(soft, None, fx=_COARSE, fy=_COARSE, interpolation=cv2.INTER_CUBIC)
    found = (fine[: image.shape[0], : image.shape[1]] > 0.5) & tissue
    pieces = without_small(found, _SMALLEST_PIECE_MM2)
    return tissue & ~without_small(tissue & ~pieces, _SMALLEST_PIECE_MM2)


def _seeds(values: Values, within: Mask) -> Mask:
    """What is surely white matter: the light part of what lies deeper than most of the cortex.

    Layer I can be as light as white matter, but it lies at the surface. White matter is much the same everywhere. Where the
    light part is not, the section may show cortex only, whose layers differ too: then white matter must also be lighter
    than layer I, the lightest layer.
    """
    # Beyond the image's border the tissue goes on, so it is no surface.
    framed = np.pad(within, 1, mode="edge").astype(np.uint8)
    depth_um = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1] * _COARSE_UM
    deep = within & (depth_um > _DEEP_UM)
    if not deep.any():
        return deep
    threshold = _otsu(values[deep])
    light, dark = values[deep & (values > threshold)], values[deep & (values <= threshold)]
    if light.size and dark.size and light.std() < _EVEN * (light.mean() - dark.mean()):
        return deep & (values > threshold)
    layer_one = values[within & (depth_um > _LAYER_ONE_UM[0]) & (depth_um < _LAYER_ONE_UM[1])]
    return deep & (values > max(threshold, float(np.median(layer_one)) if layer_one.size else threshold))


def _otsu(values: Values) -> float:
    return float(threshold_otsu(values))  # type: ignore[no-untyped-call]


def _shrunk(image: Image, tissue: Mask) -> tuple[Values, Mask]:
    """Mean of the tissue in blocks of coarse pixels, smoothed, and the blocks that are tissue at least by half."""
    padding = [(0, -side % _COARSE) for side in image.shape]
    image, tissue = np.pad(image, padding, mode="edge"), np.pad(tissue, padding, mode="edge")
    share = tissue.astype(np.float32)
    # A pixel at the surface is part glass and lighter than its tissue; it counts where there is no other.
    inner = cv2.erode(tissue.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    weight = 1e-3 * share + inner
    values = image.astype(np.float32) * weight
    size = (weight.shape[1] // _COARSE, weight.shape[0] // _COARSE)
    share, weight, values = (cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in (share, weight, values))
    blurred = [cv2.GaussianBlur(part, (0, 0), 1.0) for part in (weight, values)]
    return np.asarray(blurred[1] / np.maximum(blurred[0], 1e-9), np.float32), np.asarray(share >= 0.5)


def without_small(mask: Mask, smallest_mm2: float) -> Mask:
    """The mask without pieces (8-connected) of less area; 16 µm pixels."""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] * PIXEL_SIZE_UM**2 / 1e6 >= smallest_mm2
    keep[0] = False
    return np.asarray(keep[pieces])
