"""Section micrometres and pixel-centre coordinates.

The section frame has its origin at the outer corner of the first pixel; the centre of pixel i at pixel size p is (i + 0.5) p.
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Shape (n, 2): x to the right, y downward."""


def um_to_px(points_um: Points, pixel_size_um: float, origin_um: tuple[float, float] = (0.0, 0.0)) -> Points:
    """Section micrometres to pixel-centre coordinates of a raster whose corner is at `origin_um`."""
    points_px: Points = (points_um - np.asarray(origin_um)) / pixel_size_um - 0.5
    return points_px


def px_to_um(points_px: Points, pixel_size_um: float, origin_um: tuple[float, float] = (0.0, 0.0)) -> Points:
    """Pixel-centre coordinates to section micrometres: the inverse of `um_to_px`."""
    points_um: Points = (points_px + 0.5) * pixel_size_um + np.asarray(origin_um)
    return points_um
