"""Where blocks of one section image lie in another: template matching on a grid that covers the tissue evenly.

Features lie where the image has corners, so a fit to them counts some tissue more than other. Blocks are as many everywhere.
Each is looked for around the place where a transform expects it, by normalised cross-correlation (Lewis 1995), its peak
placed between pixels by a parabola.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.anatomy.features import PIXEL_SIZE_UM
from core.geometry.affine import Matrix, apply
from core.geometry.frames import Points, px_to_um
from core.imaging.resampling import Image

_HALF_PX, _REACH_PX = 8, 12  # blocks of 1.1 mm, looked for 0.8 mm around
_STEP_PX, _MOST = 8, 4000  # a larger section has them further apart
_TISSUE = 0.5  # share of the grid's square around a block's centre


class Blocks(NamedTuple):
    """Centres of blocks (n, 2) where they were expected in the target's frame, where they were found, and how alike (n,)."""

    expected: Points
    found: Points
    likeness: NDArray[np.float64]


def match_blocks(source: Image, target: Image, transform: Matrix) -> Blocks:
    """Blocks of `source` found in `target`, both at 64 µm; `transform` leads from frame to frame.

    Blocks without tissue or without any contrast, and those best at the rim of where they were looked for, are left out.
    """
    moved = _moved(source, target.shape, transform)
    margin = _HALF_PX + _REACH_PX
    wide, wide_target = (np.pad(image, margin, mode="edge") for image in (moved, target))
    rows: list[tuple[float, ...]] = []
    for x, y in _centres(moved):
        template = _around(wide, x + margin, y + margin, _HALF_PX)
        if template.min() == template.max():
            continue
        searched = _around(wide_target, x + margin, y + margin, margin)
        scores = np.asarray(cv2.matchTemplate(searched, template, cv2.TM_CCOEFF_NORMED), np.float32)
        _, likeness, _, (i, j) = cv2.minMaxLoc(scores)
        if 0 < i < 2 * _REACH_PX and 0 < j < 2 * _REACH_PX:
            dx, dy = _peak(scores[j, i - 1 : i + 2]), _peak(scores[j - 1 : j + 2, i])
            rows.append((x, y, x + i - _REACH_PX + dx, y + j - _REACH_PX + dy, likeness))
    table = np.array(rows, np.float64).reshape(-1, 5)
    return Blocks(px_to_um(table[:, :2], PIXEL_SIZE_UM), px_to_um(table[:, 2:4], PIXEL_SIZE_UM), table[:, 4])


def _moved(image: Image, shape: tuple[int, ...], transform: Matrix) -> Image:
    """The image in the target's frame; transforms count from a pixel's corner and OpenCV from its centre."""
    to_px = transform[:2].copy()
    to_px[:, 2] = apply(transform, np.full((1, 2), PIXEL_SIZE_UM / 2))[0] / PIXEL_SIZE_UM - 0.5
    size = (shape[1], shape[0])
    return np.asarray(cv2.warpAffine(image, to_px, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _centres(image: Image) -> NDArray[np.int64]:
    """Pixels (n, 2), x and y, on a grid over what is darker than the slide (Otsu 1979)."""
    _, tissue = cv2.threshold(image, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    step = max(_STEP_PX, int(np.ceil(np.sqrt(tissue.sum() / _MOST))))
    height, width = (side // step for side in image.shape)
    squares = tissue[: height * step, : width * step].reshape(height, step, width, step).mean((1, 3))
    rows, columns = np.nonzero(squares >= _TISSUE)
    centres: NDArray[np.int64] = np.c_[columns, rows] * step + step // 2
    return centres


def _around(image: Image, x: int, y: int, half: int) -> Image:
    return image[y - half : y + half + 1, x - half : x + half + 1]


def _peak(scores: NDArray[np.float32]) -> float:
    """Where between -1 and 1 the parabola through three scores has its top."""
    before, top, after = (float(score) for score in scores.ravel())
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0
