"""Where a section covers the slide: tissue against background, tight sulci kept open (thesis 3.2).

All images at 16 µm, 8-bit gray (height, width).
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

from core.imaging.resampling import Image

Mask = NDArray[np.bool_]

PIXEL_SIZE_UM = 16.0
_LEAST_CONTRAST = 15.0  # gray values between slide and tissue; less is dust and shading
_FEW = 1e-4  # share of all pixels that makes no peak of a histogram
_SMALLEST_TISSUE_MM2 = 0.5
_WIDEST_VESSEL_UM = 150.0  # a longer opening may be a piece of a sulcus or a tear
_BLACK = 30  # no tissue is as dark, averaged over 16 µm
_FRAME_MARGIN_PX = 9
_BRIGHT, _ROUGH, _ROUGH_SHARE = 225.0, 2.0, 0.4


def find_tissue(image: Image) -> Mask:
    """Where the slide is covered: what is darker than the histogram's minimum, without a scan's frame, specks and vessels.

    Nothing is smoothed and no gap is closed, so banks of a sulcus that are apart in the image stay apart.
    """
    frame = scan_frame(image)
    threshold = background_threshold(_histogram(image, ~frame))
    if threshold is None:
        return np.zeros(image.shape, np.bool_)
    covered = (image <= threshold) & ~frame
    if not _shows_slide(image, covered, frame):
        return ~frame
    return _without_specks(_filled(covered))


def scan_frame(image: Image) -> Mask:
    """The black beyond the slide in some scans: black pixels connected with the image's border, and a margin of 64 µm."""
    black = (image <= _BLACK).astype(np.uint8)
    edges = (black[0], black[-1], black[:, 0], black[:, -1])
    if not any(edge.any() for edge in edges):
        return np.zeros(image.shape, np.bool_)
    _, pieces = cv2.connectedComponents(black)
    touching = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    frame = np.isin(pieces, touching[touching > 0]).astype(np.uint8)
    return np.asarray(cv2.dilate(frame, np.ones((_FRAME_MARGIN_PX, _FRAME_MARGIN_PX), np.uint8)), np.bool_)


def background_threshold(histogram: NDArray[np.int64]) -> int | None:
    """The gray value (256 bins) up to which pixels are tissue; None where nothing stands out from the slide.

    Of the minima of the smoothed histogram the one nearest to Otsu's threshold (thesis 3.2). In a pale section Otsu divides
    white from gray matter, so only minima count that are about as deep as the deepest: hardly a pixel is of a gray between
    tissue and slide, while the two kinds of tissue run into one another.
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


def _histogram(image: Image, mask: Mask) -> NDArray[np.int64]:
    counts = cv2.calcHist([image], [0], mask.astype(np.uint8), [256], [0, 256])
    return np.asarray(counts.reshape(-1), np.int64)


def _shows_slide(image: Image, covered: Mask, frame: Mask) -> bool:
    """Whether what is not covered is slide: glass is bright or even, white matter beside gray matter is neither."""
    bare = ~covered & ~frame
    if not bare.any() or float(image[bare].mean()) > _BRIGHT:
        return True
    rough = cv2.absdiff(image, cv2.medianBlur(image, 3))
    bare_rough, covered_rough = float(rough[bare].mean()), float(rough[covered].mean())
    return bare_rough < max(_ROUGH, _ROUGH_SHARE * covered_rough)


def _filled(covered: Mask) -> Mask:
    """Openings as small as a vessel filled; one that the image's border cuts off may be larger and stays."""
    pieces, sizes = _pieces(~covered)
    widest_px = _WIDEST_VESSEL_UM / PIXEL_SIZE_UM
    vessel = (sizes[:, cv2.CC_STAT_WIDTH] <= widest_px) & (sizes[:, cv2.CC_STAT_HEIGHT] <= widest_px)
    for edge in (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]):
        vessel[edge] = False
    vessel[0] = False
    return covered | vessel[pieces] if vessel.any() else covered


def _without_specks(covered: Mask) -> Mask:
    pieces, sizes = _pieces(covered)
    keep = sizes[:, cv2.CC_STAT_AREA] * PIXEL_SIZE_UM**2 / 1e6 >= _SMALLEST_TISSUE_MM2
    keep[0] = False
    return np.asarray(keep[pieces]) if not keep[1:].all() else covered


def _pieces(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The 8-connected piece that each pixel belongs to, 0 outside the mask, and the measures of each (pieces, 5)."""
    _, pieces, sizes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return np.asarray(pieces, np.int32), np.asarray(sizes, np.int32)
