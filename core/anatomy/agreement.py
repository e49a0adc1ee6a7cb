"""Whether two section images agree best where a transform puts them: a test that shares nothing with the features.

Features are corners of a fraction of a millimetre, and a torn, differently stained section may have enough of them that agree
on a wrong place. This test looks at the grey levels of all that overlaps, at a quarter of a millimetre: a right transform is at
the top of their correlation, a wrong one on its slope. Chance peaks do not matter, since only the surroundings are asked.
"""

import math
from collections.abc import Iterator

import cv2
import numpy as np

from core.anatomy.features import PIXEL_SIZE_UM
from core.geometry.affine import Matrix, apply
from core.geometry.frames import Points
from core.imaging.resampling import Image, halve

_COARSE_UM = PIXEL_SIZE_UM * 4
_SHIFTS_UM, _DIRECTIONS = (700.0, 1400.0), 8
_TURNS_DEG = (-4.0, 0.0, 4.0)
_SMALLEST_SHARE = 0.1  # of the target; images that overlap less cannot be compared


def gain_beside(source: Image, target: Image, transform: Matrix) -> float:
    """How much higher the correlation of two 64-µm images is beside the transform than at it; negative at its top.

    Beside it: turned by 4 degrees about the target's middle, shifted by 0.7 or 1.4 mm in eight directions, and both. A wrong
    turn and a wrong shift may make up for one another, so that neither alone gains anything.
    """
    coarse, coarse_target = halve(halve(source)), halve(halve(target))
    height, width = coarse_target.shape
    middle_um: Points = np.array([width, height]) * _COARSE_UM / 2
    beside = [_correlation(coarse, coarse_target, other @ transform) for other in _small_motions(middle_um)]
    return max(beside) - _correlation(coarse, coarse_target, transform)


def _small_motions(middle_um: Points) -> Iterator[Matrix]:
    directions = np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS
    ring = np.c_[np.cos(directions), np.sin(directions)]
    shifts_um = np.vstack([np.zeros((1, 2)), *(radius_um * ring for radius_um in _SHIFTS_UM)])
    for turn_deg in _TURNS_DEG:
        cosine, sine = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
        turn = np.array([[cosine, -sine], [sine, cosine]])
        for shift_um in shifts_um[turn_deg == 0 :]:  # no motion at all is none
            yield np.vstack([np.c_[turn, middle_um - turn @ middle_um + shift_um], [0.0, 0.0, 1.0]])


def _correlation(source: Image, target: Image, transform: Matrix) -> float:
    """Pearson's, over the pixels that both images show; -1 where these are few or all alike."""
    to_px = transform[:2].copy()
    to_px[:, 2] = apply(transform, np.full((1, 2), _COARSE_UM / 2))[0] / _COARSE_UM - 0.5
    size = (target.shape[1], target.shape[0])
    moved = cv2.warpAffine(source, to_px, size, flags=cv2.INTER_LINEAR)
    shown = cv2.warpAffine(np.ones_like(source), to_px, size, flags=cv2.INTER_NEAREST) > 0
    a, b = moved[shown].astype(np.float64), target[shown].astype(np.float64)
    if len(a) < _SMALLEST_SHARE * target.size or a.min() == a.max() or b.min() == b.max():
        return -1.0
    return float(np.corrcoef(a, b)[0, 1])
