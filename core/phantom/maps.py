"""Everything a section shows, as maps at 16 µm in the section frame: where tissue is, which, how deep, how stained."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.contracts.datasets import RasterGrid
from core.phantom.anatomy import Surface
from core.phantom.cutting import Cut, cut
from core.phantom.cytoarchitecture import DEPTH_BINS, WHITE_MATTER, row_of, tables
from core.phantom.variation import SectionState, Window

MAP_PIXEL_UM = 16.0
GLASS = 255
GRAY_MATTER_CLASS, WHITE_MATTER_CLASS = 2, 1
_FOLD_DARKENING = 26.0

Map = NDArray[np.float32]


@dataclass(frozen=True)
class SectionMaps:
    """Maps of one section, all on `grid`.

    `tissue` is a row of `cytoarchitecture.tables()` or GLASS; `depth` runs from 0 (pia) to 1; `inside_um` is the signed
    distance to the tissue's edge; `stain` the mean stain to reach; `radial` the angle of the way from pia to white
    matter; `area` is as `tissue`, before damage (the ground truth: an outline runs across a tear).
    """

    grid: RasterGrid
    tissue: NDArray[np.uint8]
    depth: Map
    inside_um: Map
    stain: Map
    radial: Map
    area: NDArray[np.uint8]

    @property
    def classes(self) -> NDArray[np.uint8]:
        """0 background, 1 white matter, 2 gray matter."""
        gray = np.where(self.tissue == WHITE_MATTER, WHITE_MATTER_CLASS, GRAY_MATTER_CLASS)
        return np.where(self.tissue == GLASS, 0, gray).astype(np.uint8)

    def area_mask(self, name: str) -> NDArray[np.bool_]:
        """Where an area is, damage ignored."""
        return np.asarray(self.area == tables().names.index(name))


def section_maps(surfaces: list[Surface], plane_mm: float, state: SectionState, window: Window) -> SectionMaps:
    """Cut the surfaces at y = `plane_mm` and derive the maps of the section."""
    grid = RasterGrid(
        pixel_size_um=MAP_PIXEL_UM,
        width_px=round(window.width_mm * 1000 / MAP_PIXEL_UM),
        height_px=round(window.height_mm * 1000 / MAP_PIXEL_UM),
    )
    area, depth = _merge([(surface, cut(surface, plane_mm, state.warp, grid)) for surface in surfaces])
    torn, folded = _damage(state, grid)
    tissue = np.where(torn, np.uint8(GLASS), area)
    inside = _signed_distance(tissue != GLASS)
    stain = _stain(tissue, depth, state, grid) - _FOLD_DARKENING * folded
    return SectionMaps(grid, tissue, depth, inside, stain.astype(np.float32), _radial(depth, area), area)


def _merge(cuts: list[tuple[Surface, Cut]]) -> tuple[NDArray[np.uint8], Map]:
    """Table rows and depth of all hemispheres; pin-holes of the cortex are closed from next to them."""
    shape = cuts[0][1].depth.shape
    rows, depth = np.full(shape, GLASS, np.uint8), np.full(shape, np.nan, np.float32)
    for surface, piece in cuts:
        row_by_index = np.full(256, GLASS, np.uint8)
        row_by_index[: len(surface.names)] = [row_of(name) for name in surface.names]
        gray = ~np.isnan(piece.depth)
        rows[piece.inside_white & ~gray] = WHITE_MATTER
        depth[piece.inside_white & ~gray] = 1
        rows[gray], depth[gray] = row_by_index[piece.area[gray]], piece.depth[gray]
        holes = piece.inside_pial & ~piece.inside_white & ~gray
        if holes.any() and gray.any():
            y, x = ndimage.distance_transform_edt(~gray, return_distances=False, return_indices=True)[:, holes]
            rows[holes], depth[holes] = rows[y, x], depth[y, x]
    return rows, np.nan_to_num(depth, nan=0.0)


def _signed_distance(mask: NDArray[np.bool_]) -> Map:
    """Distance to the mask's edge in µm, positive inside, smoothed to less than a map pixel's steps."""
    inner = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    outer = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    signed = np.where(mask, inner - 0.5, 0.5 - outer).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(np.clip(signed, -40, 40), (0, 0), 1.2) * MAP_PIXEL_UM, np.float32)


def depth_bins(depth: Map) -> NDArray[np.int64]:
    """Column of the tissue tables for each depth."""
    return np.minimum((depth * DEPTH_BINS).astype(np.int64), DEPTH_BINS - 1)


def _stain(tissue: NDArray[np.uint8], depth: Map, state: SectionState, grid: RasterGrid) -> Map:
    """Mean stain of the tissue with this section's gain, offset and drift, carried a little beyond the edge."""
    mask = tissue != GLASS
    level = tables().stain[np.where(mask, tissue, 0), depth_bins(depth)]
    weight = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.0)
    smooth = cv2.GaussianBlur(np.where(mask, level, 0).astype(np.float32), (0, 0), 1.0)
    level = np.where(weight > 1e-3, smooth / np.maximum(weight, 1e-3), float(tables().stain[1, 0]))
    y, x = ((np.arange(n, dtype=np.float32) + 0.5) * grid.pixel_size_um for n in mask.shape)
    for kx, ky, phase, amplitude in state.drift:
        level = level + amplitude * np.sin(kx * x[None, :] + ky * y[:, None] + phase)
    return np.asarray((level - 180) * state.stain_gain + 180 + state.stain_offset, np.float32)


def _radial(depth: Map, area: NDArray[np.uint8]) -> Map:
    """Angle of the depth's gradient: apical dendrites follow it."""
    filled = np.where(area == GLASS, 0, depth).astype(np.float32)
    smooth = cv2.GaussianBlur(filled, (0, 0), 4)
    return np.arctan2(cv2.Sobel(smooth, cv2.CV_32F, 0, 1), cv2.Sobel(smooth, cv2.CV_32F, 1, 0)).astype(np.float32)


def _damage(state: SectionState, grid: RasterGrid) -> tuple[NDArray[np.bool_], Map]:
    """Where tissue is missing, and how much of a fold lies at each pixel (0 to 1)."""
    torn = np.zeros((grid.height_px, grid.width_px), np.uint8)
    folded = np.zeros_like(torn)
    for crack in state.cracks:
        target = torn if crack.kind == "torn" else folded
        points = np.round(crack.points_um / grid.pixel_size_um - 0.5).astype(np.int32)
        widths = np.linspace(1.0, 0.15, len(points) - 1) * crack.width_um / grid.pixel_size_um
        for start, end, width in zip(points[:-1], points[1:], widths, strict=True):
            cv2.line(target, tuple(map(int, start)), tuple(map(int, end)), 1, max(1, round(float(width))))
    return torn.astype(bool), np.asarray(cv2.GaussianBlur(folded.astype(np.float32), (0, 0), 1.5), np.float32)
