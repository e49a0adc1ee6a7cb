"""The alignment's stress set: pairs made hard, and pairs that do not belong together, from sections of phantom brains.

Every case has landmarks in both images where a true transform exists, and none where nothing could be right: those pairs must
be flagged. What happens to an image (mirrored, torn, another stain) happens at 64 µm, where the alignment looks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.alignment_brains import ELSEWHERE, NEIGHBOURS, BaseSection
from core.anatomy.features import PIXEL_SIZE_UM
from core.geometry.affine import Matrix, apply, invert
from core.geometry.frames import Points
from core.imaging.resampling import Image
from core.phantom.variation import SectionState, displacement

LANDMARKS = 2000
GLASS = 245
Group = Literal["ordinary", "hard", "wrong"]
Rng = np.random.Generator


@dataclass(frozen=True)
class Case:
    """Two images and the truth about them: landmarks (n, 2) in both sections' frames, or none in a wrong pair."""

    kind: str
    group: Group
    source: Image
    target: Image
    points_um: Points | None
    partners_um: Points | None
    mirrored: bool = False
    apart_um: float = 200.0
    brain: int = -1
    """Index of the brain the pair is of."""


Change = Callable[[Case, Rng], Case]


def carried(points_um: Points, source: SectionState, target: SectionState) -> Points:
    """Points of one section's frame where the phantom's motion and deformation bring them in another's."""
    undeformed = apply(invert(_matrix(source)), points_um)
    anatomical = undeformed
    for _ in range(30):  # the deformation is gentle, so the fixed point is reached
        anatomical = undeformed - displacement(anatomical, source.warp.waves)
    return apply(_matrix(target), anatomical + displacement(anatomical, target.warp.waves))


def pair(a: BaseSection, b: BaseSection) -> Case:
    """Two sections of one brain as they are."""
    rows, columns = np.nonzero(a.tissue)
    chosen = np.random.default_rng(a.number).choice(len(rows), LANDMARKS)
    points: Points = (np.c_[columns, rows][chosen] + 0.5) * PIXEL_SIZE_UM
    return Case("as it is", "ordinary", a.image, b.image, points, carried(points, a.state, b.state))


def cases(brain: Mapping[int, BaseSection], other: Mapping[int, BaseSection], seed: int) -> Iterator[Case]:
    """The stress set of one brain; `other` lends sections that do not belong to it."""
    rng = np.random.default_rng([64, seed])
    for index, (a, b) in enumerate(pairwise(NEIGHBOURS)):
        neighbours = pair(brain[a], brain[b])
        for kind, changes in ORDINARY.items():
            yield _changed(neighbours, kind, "ordinary", changes, rng)
        for kind, changes in HARD.items():
            yield _changed(neighbours, kind, "hard", changes, rng)
        for further in (2, 3, 6):
            if index + further < len(NEIGHBOURS):
                far = pair(brain[a], brain[NEIGHBOURS[index + further]])
                yield replace(far, kind=f"{further * 0.2:.1f} mm apart", group="hard", apart_um=further * 200.0)
        yield from _wrong_pairs(neighbours, brain, other[b], rng)


def mosaic(brain: Mapping[int, BaseSection], height_px: int, width_px: int) -> tuple[Image, Image]:
    """Two images as large as whole human sections, the second the first one turned a little: for time and memory only."""
    tiles = [brain[number].image for number in NEIGHBOURS]
    across, down = -(-width_px // tiles[0].shape[1]), -(-height_px // tiles[0].shape[0])
    rows = [np.hstack([tiles[(row * across + column) % len(tiles)] for column in range(across)]) for row in range(down)]
    whole = np.vstack(rows)[:height_px, :width_px]
    turn = np.asarray(cv2.getRotationMatrix2D((width_px / 2, height_px / 2), 2.0, 1.0), np.float64)
    return whole, _warped(whole, turn)


def _warped(image: Image, matrix: NDArray[np.float64]) -> Image:
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=GLASS), np.uint8)


def _wrong_pairs(right: Case, brain: Mapping[int, BaseSection], stranger: BaseSection, rng: Rng) -> Iterator[Case]:
    """The neighbour replaced by what does not belong there."""
    alone = replace(right, group="wrong", points_um=None, partners_um=None)
    elsewhere = brain[ELSEWHERE[int(rng.integers(len(ELSEWHERE)))]].image
    yield replace(alone, kind="another brain", target=stranger.image)
    yield replace(alone, kind="another brain, mirrored", target=np.ascontiguousarray(stranger.image[:, ::-1]))
    yield replace(alone, kind="from elsewhere", target=elsewhere)
    yield replace(alone, kind="blank", target=_blank(right.target, rng))


def _changed(case: Case, kind: str, group: Group, changes: tuple[Change, ...], rng: Rng) -> Case:
    for change in changes:
        case = change(case, rng)
    return replace(case, kind=kind, group=group)


def _mirrored(case: Case, rng: Rng) -> Case:
    """The first section was imaged from the wrong side."""
    assert case.points_um is not None
    points = case.points_um * (-1, 1) + (case.source.shape[1] * PIXEL_SIZE_UM, 0)
    return replace(case, source=np.ascontiguousarray(case.source[:, ::-1]), points_um=points, mirrored=not case.mirrored)


def _upside_down(case: Case, rng: Rng) -> Case:
    """The first section lies upside down on its slide, and not quite straight."""
    height, width = case.source.shape
    turn = np.vstack([cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), 180 + rng.normal(0, 10), 1), [0, 0, 1]])
    assert case.points_um is not None
    points = (apply(turn, case.points_um / PIXEL_SIZE_UM - 0.5) + 0.5) * PIXEL_SIZE_UM
    return replace(case, source=_warped(case.source, turn[:2]), points_um=points)


def _stained(case: Case, rng: Rng) -> Case:
    """The first section is stained much weaker or stronger, and unevenly, and a little out of focus."""
    light = case.source / 255.0
    height, width = light.shape
    slope = rng.normal(0, 0.08, 2)
    uneven = 1 + slope[0] * np.linspace(-1, 1, width) + slope[1] * np.linspace(-1, 1, height)[:, None]
    changed = light ** rng.choice([0.45, 0.65, 1.6, 2.2]) * uneven
    image = np.clip(changed * 255, 0, 255).astype(np.uint8)
    return replace(case, source=np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.9)), np.uint8))


def _damaged(case: Case, rng: Rng) -> Case:
    """Tears through the tissue, a fold, and pieces gone, in both sections."""
    return replace(case, source=_torn(case.source, rng), target=_torn(case.target, rng))


def _half(case: Case, rng: Rng) -> Case:
    """Of the first section one half is gone, along a wandering line."""
    image = case.source.copy()
    height, width = image.shape
    edge = width / 2 + np.cumsum(rng.normal(0, 1.5, height))
    gone = (np.arange(width) < edge[:, None]) == bool(rng.integers(2))
    image[gone] = GLASS
    assert case.points_um is not None
    assert case.partners_um is not None
    left = ~gone[tuple((case.points_um[:, ::-1] / PIXEL_SIZE_UM).astype(int).T)]
    return replace(case, source=image, points_um=case.points_um[left], partners_um=case.partners_um[left])


def _torn(image: Image, rng: Rng) -> Image:
    height, width = image.shape
    torn = image.copy()
    for _ in range(int(rng.integers(1, 4))):  # tears of 0.2 to 0.8 mm
        cv2.polylines(torn, [_wandering(image.shape, rng)], False, GLASS, int(rng.integers(3, 13)))
    for _ in range(int(rng.integers(1, 3))):  # pieces of 3 to 6 mm across are gone
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(23, 47)), int(rng.integers(23, 47)))
        cv2.ellipse(torn, centre, axes, float(rng.uniform(0, 180)), 0, 360, GLASS, -1)
    fold = np.zeros(image.shape, np.uint8)
    cv2.polylines(fold, [_wandering(image.shape, rng)], False, 1, int(rng.integers(8, 20)))
    doubled = np.minimum(torn, np.roll(torn, int(rng.integers(8, 20)), int(rng.integers(2))))
    return np.where(fold > 0, (doubled * 0.8).astype(np.uint8), torn)


def _wandering(shape: tuple[int, ...], rng: Rng) -> NDArray[np.int32]:
    """A line from the rim inward, (n, 1, 2) x and y."""
    size = np.array(shape[::-1])
    side = rng.uniform(0, 2 * np.pi)
    outward = np.array([np.cos(side), np.sin(side)])
    along = np.linspace(0, 1, 60)[:, None]
    points = size * (0.5 + 0.5 * outward) * (1 - along) + size * (0.5 + rng.normal(0, 0.1, 2)) * along
    return np.rint(points + np.cumsum(rng.normal(0, 1.5, (60, 2)), axis=0)).astype(np.int32)[:, None]


def _blank(image: Image, rng: Rng) -> Image:
    """Glass with dust on it."""
    blank = np.clip(rng.normal(GLASS, 2, image.shape), 0, 255).astype(np.uint8)
    for _ in range(60):
        centre = (int(rng.integers(image.shape[1])), int(rng.integers(image.shape[0])))
        cv2.circle(blank, centre, int(rng.integers(1, 4)), int(rng.integers(60, 200)), -1)
    return blank


def _matrix(state: SectionState) -> Matrix:
    return np.vstack([state.warp.matrix, [0.0, 0.0, 1.0]])


ORDINARY: dict[str, tuple[Change, ...]] = {
    "as it is": (),
    "mirrored": (_mirrored,),
    "damaged": (_damaged,),
    "another stain": (_stained,),
    "damaged, another stain, mirrored": (_damaged, _stained, _mirrored),
}
HARD: dict[str, tuple[Change, ...]] = {
    "upside down": (_upside_down,),
    "half missing": (_half,),
}
