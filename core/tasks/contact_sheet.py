"""All feature maps of a layer as one picture, and pictures as files."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.datasets.files import write_atomically

GAP_PX = 4
CUT_PERCENT = 1

Picture = NDArray[np.uint8]


def contact_sheet(maps: NDArray[np.float32], tile_px: int = 160) -> Picture:
    """All maps (channels, h, w) of a layer as tiles, each from its low values (black) to its high ones (white).

    The outermost hundredth on both sides is cut off: one bright pixel at a border would leave all else dark.
    """
    columns = int(np.ceil(np.sqrt(len(maps))))
    tiles = [_tile(each, tile_px) for each in maps]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    rows = [side_by_side(tiles[first : first + columns]) for first in range(0, len(tiles), columns)]
    gap = np.full((GAP_PX, rows[0].shape[1]), 255, np.uint8)
    return np.concatenate([part for row in rows for part in (row, gap)][:-1])


def side_by_side(pictures: list[Picture]) -> Picture:
    """Pictures of the same height in a row with white in between."""
    gap = np.full((pictures[0].shape[0], GAP_PX, *pictures[0].shape[2:]), 255, np.uint8)
    return np.concatenate([part for picture in pictures for part in (picture, gap)][:-1], axis=1)


def write_png(file: Path, picture: Picture) -> Path:
    """Write a gray (h, w) or RGB (h, w, 3) picture under a temporary name, then rename it."""
    stored = picture[..., ::-1] if picture.ndim == 3 else picture
    done, data = cv2.imencode(".png", stored)
    if not done:
        raise OSError(f"could not encode {file}")
    write_atomically(file, data.tobytes())
    return file


def _tile(values: NDArray[np.float32], side_px: int) -> Picture:
    low, high = _range(values)
    gray = np.zeros(values.shape, np.uint8)
    if high > low:
        gray = (((values - low) / (high - low)).clip(0, 1) * 255).astype(np.uint8)
    smaller = max(values.shape) > side_px
    resized: Picture = np.asarray(
        cv2.resize(gray, (side_px, side_px), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_NEAREST), np.uint8
    )
    return resized


def _range(values: NDArray[np.float32]) -> tuple[float, float]:
    """What is black and what is white; of a map that answers in a few pixels alone the extremes."""
    low, high = (float(each) for each in np.percentile(values, (CUT_PERCENT, 100 - CUT_PERCENT)))
    return (low, high) if high > low else (float(values.min()), float(values.max()))
