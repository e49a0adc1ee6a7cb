"""Approximate 3D reconstruction of a brain's tissue classes from its aligned sections (thesis 7.1.1).

Sections are carried rigidly onto the frame of the middle section and stand at number times thickness. Damage is repaired where
it happens, section by section; then the stack becomes voxels, the space between sections filled by interpolating signed
distances to the tissue's outline and to that of the white matter (shape-based interpolation, Raya and Udupa 1990).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.anatomy.chain import transform_between
from core.anatomy.shape_between import fraction_between
from core.contracts.datasets import Alignment, RasterGrid
from core.geometry.affine import Matrix, apply
from core.geometry.interpolation import interpolated_distance_px, signed_distance_px, warp_mask
from core.geometry.polygons import Ring
from core.geometry.rasterise import Mask, rasterise
from core.units import um_to_mm

BACKGROUND, WHITE, GRAY = 0, 1, 2
MARGIN = 4
"""Voxels beyond the sections on every side, where tissue that an image cuts off goes on as it was."""
_FINE = 4  # samples along a voxel's side
_OPEN_SULCUS = 1 / 3  # of a voxel not tissue: it is background, or narrow sulci would close
_NEAR_UM = 1000.0  # sections farther apart say nothing of each other's damage
_DEFECT_MM3 = 0.5
_SMALL_PIECE = 0.01

Classes = NDArray[np.uint8]


class VolumeError(ValueError):
    """A volume cannot be made of what was given; the message says why."""


@dataclass(frozen=True, eq=False)
class SectionStack:
    """Sections on one raster of voxel size in the middle section's frame.

    `labels` (n, h, w) tissue classes, beyond a section's image as at its border; `known` (n, h, w) where it has an image;
    `positions_um` (n,) along the cutting axis.
    """

    numbers: tuple[int, ...]
    positions_um: NDArray[np.float64]
    labels: Classes
    known: NDArray[np.bool_]
    grid: RasterGrid


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels: `labels` and `known` (planes, h, w), equally spaced by the raster's pixel size, the first plane at `first_um`."""

    labels: Classes
    known: NDArray[np.bool_]
    grid: RasterGrid
    first_um: float

    @property
    def voxel_mm(self) -> float:
        """Length of a voxel's side."""
        return um_to_mm(self.grid.pixel_size_um)

    def to_mm(self, voxels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Plane, row and column of voxel centres (n, 3) as right, anterior, superior (n, 3) in mm."""
        size, (x_um, y_um) = self.grid.pixel_size_um, self.grid.origin_um
        plane, row, column = voxels.T
        places = (x_um + (column + 0.5) * size, self.first_um + plane * size, -(y_um + (row + 0.5) * size))
        return np.stack(places, axis=1) / 1000

    def voxels_at(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse of `to_mm`."""
        size, (x_um, y_um) = self.grid.pixel_size_um, self.grid.origin_um
        x, y, z = np.asarray(points_mm, np.float64).T * 1000
        return np.stack([(y - self.first_um) / size, (-z - y_um) / size - 0.5, (x - x_um) / size - 0.5], axis=1)


def common_grid(grids: Sequence[RasterGrid], to_base: Sequence[Matrix], voxel_um: float) -> RasterGrid:
    """The raster in the middle section's frame that holds all sections' rasters and the margin."""
    corners = np.concatenate([apply(matrix, _corners(grid)) for grid, matrix in zip(grids, to_base, strict=True)])
    low, high = np.floor(corners.min(axis=0) / voxel_um) - MARGIN, np.ceil(corners.max(axis=0) / voxel_um) + MARGIN
    width, height = (high - low).astype(int).tolist()
    origin = (float(low[0]) * voxel_um, float(low[1]) * voxel_um)
    return RasterGrid(pixel_size_um=voxel_um, origin_um=origin, width_px=width, height_px=height)


def on_grid(labels: Classes, grid: RasterGrid, to_base: Matrix, voxels: RasterGrid) -> tuple[Classes, Mask]:
    """A section's classes (h, w) on the common raster, and where its image reaches.

    A voxel is sampled 4 x 4 times. It is background where a third of it is: at 300 µm most sulci would close otherwise.
    """
    size = voxels.pixel_size_um / _FINE
    width, height = voxels.width_px * _FINE, voxels.height_px * _FINE
    fine = RasterGrid(pixel_size_um=size, origin_um=voxels.origin_um, width_px=width, height_px=height)
    tissue, white, known = (
        _block_means(warp_mask(mask, grid, to_base, fine))
        for mask in (labels != BACKGROUND, labels == WHITE, np.ones(labels.shape, np.bool_))
    )
    classes = np.where(2 * white > tissue, np.uint8(WHITE), np.uint8(GRAY))
    classes[tissue <= (1 - _OPEN_SULCUS) * known] = BACKGROUND
    reached = known >= 0.5
    return _extended(classes, reached), reached


def repaired(stack: SectionStack) -> tuple[SectionStack, int]:
    """Large defects replaced by what both neighbouring sections say, and how many voxels that changed.

    The median of three sections along the cutting axis, background before gray before white matter, is what two of them agree
    on. Where it differs from a section in large connected pieces, tissue was torn, lost or misjudged there.
    """
    tissue, white = _majority(stack.labels != BACKGROUND), _majority(stack.labels == WHITE)
    median = np.where(white, np.uint8(WHITE), np.where(tissue, np.uint8(GRAY), np.uint8(BACKGROUND)))
    gaps = np.diff(stack.positions_um)
    alone = np.ones(len(stack.numbers), np.bool_)
    alone[1:-1] = (gaps[:-1] > _NEAR_UM) | (gaps[1:] > _NEAR_UM)
    different = (median != stack.labels) & ~alone[:, np.newaxis, np.newaxis]
    pieces, _ = ndimage.label(different)
    thickness_mm = um_to_mm(float(np.median(gaps))) if len(gaps) else 1.0
    fewest = _DEFECT_MM3 / (um_to_mm(stack.grid.pixel_size_um) ** 2 * thickness_mm)
    large = np.bincount(pieces.reshape(-1)) >= fewest
    large[0] = False
    defect = large[pieces]
    return replace(stack, labels=np.where(defect, median, stack.labels)), int(np.count_nonzero(defect & stack.known))


def without_areas(
    stack: SectionStack, alignment: Alignment, drawn: Mapping[str, Mapping[int, Sequence[Ring]]]
) -> tuple[SectionStack, int]:
    """Gray matter of areas that are not cortex made background, and how many voxels that were.

    `drawn` holds rings (µm of their section) by area and section. Between two sections where an area is drawn its shape is
    interpolated; beyond the first and last it has none. VolumeError where an outline is too small for a voxel.
    """
    labels, taken = stack.labels.copy(), 0
    for area, outlines in drawn.items():
        masks = {number: _drawn_mask(area, number, rings, stack, alignment) for number, rings in outlines.items()}
        for place, number in enumerate(stack.numbers):
            mask = _mask_on(number, masks)
            if mask is not None:
                gone = mask & (labels[place] == GRAY)
                labels[place][gone] = BACKGROUND
                taken += int(np.count_nonzero(gone & stack.known[place]))
    return replace(stack, labels=labels), taken


def filled(stack: SectionStack) -> Volume:
    """The stack as voxels; planes between sections take the interpolated signed distances of the two beside them."""
    size = stack.grid.pixel_size_um
    first, last = float(stack.positions_um[0]), float(stack.positions_um[-1])
    planes = int((last - first) / size + 1e-6) + 1
    first_um = (first + last - (planes - 1) * size) / 2 - MARGIN * size
    shape = (planes + 2 * MARGIN, *stack.labels.shape[1:])
    labels, known = np.empty(shape, np.uint8), np.empty(shape, np.bool_)
    distances: dict[int, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
    for plane in range(shape[0]):
        position = float(np.clip(first_um + plane * size, first, last))
        below = max(0, int(np.searchsorted(stack.positions_um, position, "right")) - 1)
        above = min(below + 1, len(stack.numbers) - 1)
        gap = float(stack.positions_um[above] - stack.positions_um[below])
        share = (position - float(stack.positions_um[below])) / gap if gap else 0.0
        known[plane] = stack.known[above if share > 0.5 else below]
        if share < 1e-3:
            labels[plane] = stack.labels[below]
            continue
        distances = {each: distances.get(each) or _distances(stack.labels[each], gap / size) for each in (below, above)}
        tissue, white = ((1 - share) * a + share * b > 0 for a, b in zip(distances[below], distances[above], strict=True))
        labels[plane] = np.where(white, np.uint8(WHITE), np.where(tissue, np.uint8(GRAY), np.uint8(BACKGROUND)))
    return Volume(labels, known, stack.grid, first_um)


def without_small_pieces(volume: Volume) -> tuple[Volume, int]:
    """Detached tissue of less than 1 % of the largest piece made background, and how many voxels that were."""
    pieces, _ = ndimage.label(volume.labels != BACKGROUND)
    sizes = np.bincount(pieces.reshape(-1))
    sizes[0] = 0
    small = sizes < _SMALL_PIECE * sizes.max()
    small[0] = False
    gone = small[pieces]
    return replace(volume, labels=np.where(gone, np.uint8(BACKGROUND), volume.labels)), int(np.count_nonzero(gone))


def _corners(grid: RasterGrid) -> NDArray[np.float64]:
    x, y = grid.origin_um
    width, height = grid.width_px * grid.pixel_size_um, grid.height_px * grid.pixel_size_um
    return np.array([(x, y), (x + width, y), (x, y + height), (x + width, y + height)])


def _block_means(mask: Mask) -> NDArray[np.float32]:
    height, width = mask.shape[0] // _FINE, mask.shape[1] // _FINE
    means: NDArray[np.float32] = mask.reshape(height, _FINE, width, _FINE).mean(axis=(1, 3), dtype=np.float32)
    return means


def _extended(classes: Classes, known: Mask) -> Classes:
    """Where nothing is known, the class of the nearest pixel where something is."""
    if known.all() or not known.any():
        return classes
    rows, columns = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    return np.asarray(classes[rows, columns])


def _majority(masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What two of each three sections in a row say; the first and last as they are."""
    result = masks.copy()
    before, here, after = masks[:-2], masks[1:-1], masks[2:]
    result[1:-1] = (before & here) | (here & after) | (before & after)
    return result


def _drawn_mask(area: str, number: int, rings: Sequence[Ring], stack: SectionStack, alignment: Alignment) -> Mask:
    matrix = transform_between(alignment, number, alignment.base_section)
    mask = rasterise([apply(matrix, ring) for ring in rings], stack.grid)
    if not mask.any():
        size = stack.grid.pixel_size_um
        raise VolumeError(f"the outline of {area} on section {number} holds no voxel of {size:g} µm; draw it larger")
    return mask


def _mask_on(number: int, masks: Mapping[int, Mask]) -> Mask | None:
    """An area's mask on a section: drawn there, interpolated between two where it is, or none."""
    below = max((each for each in masks if each <= number), default=None)
    above = min((each for each in masks if each >= number), default=None)
    if below is None or above is None:
        return None
    return interpolated_distance_px(masks[below], masks[above], fraction_between(number, below, above)) > 0


def _distances(labels: Classes, gap_px: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Signed distances to the outlines of tissue and white matter; what is empty counts as ending a gap away."""
    tissue, white = (
        signed_distance_px(mask) if mask.any() else np.full(labels.shape, -gap_px, np.float32)
        for mask in (labels != BACKGROUND, labels == WHITE)
    )
    return tissue, white
