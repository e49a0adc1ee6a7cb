"""The compiled inner loops of the renderer. All positions are in µm of the section frame unless they end in `_px`."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.compiled import compiled
from core.phantom.maps import GLASS

Floats = NDArray[np.float32]

GLASS_LEVEL = np.float32(246.0)
_BLOCK_UM = 64.0
_DARKEST, _FOCUS_RANGE = 62.0, 92.0  # stain of a cell in focus, and how much lighter one far from it is
MEAN_CELL = _DARKEST + _FOCUS_RANGE / 2
_SHARP_UM, _BLUR_UM = 0.7, 2.6  # width of a cell's rim in focus, and what being out of focus adds
_LARGEST_UM2 = 4_000.0
# Capillaries cut along their way: light streaks, mostly radial in the cortex.
_VESSEL_SHARE, _VESSEL_GREY, _VESSEL_LONG_UM, _VESSEL_SHORT_UM = 0.003, 208.0, 34.0, 4.6
_EDGE_ROUGHNESS, _EDGE_SOFTNESS_UM, _CAMERA = np.float32(0.6), np.float32(2.0), np.float32(1.5)


class Canvas(NamedTuple):
    """Pixels being drawn: column and row of the first in the image, and the pixel sizes of image and maps."""

    pixels: Floats
    x_px: int
    y_px: int
    pixel_size_um: float
    map_pixel_um: float


class Tissue(NamedTuple):
    """Maps: table row (or GLASS), depth, and the angle of the way from pia to white matter."""

    row: NDArray[np.uint8]
    depth: Floats
    radial: Floats


class CellTables(NamedTuple):
    """By table row and depth: cells per mm², natural logarithm of cell area (µm²), its spread, short over long axis."""

    density: Floats
    log_area: Floats
    log_sd: Floats
    elongation: Floats


class Cells(NamedTuple):
    """What cells to draw; `most` is the highest density of the tables."""

    tables: CellTables
    most: float
    seed: np.uint64


class _Cell(NamedTuple):
    x: float
    y: float
    long: float
    short: float
    angle: float
    grey: float
    rim: float


def mean_rim_um2(pixel_size_um: float) -> float:
    """What soft rims add to the area of a round cell, in the mean: for a rim of width w it is w² · pi / 12."""
    rims = np.maximum(_SHARP_UM + _BLUR_UM * (np.arange(64) + 0.5) / 64, pixel_size_um)
    return float(np.mean(rims**2) * np.pi / 12)


@compiled
def _between(first_px: int, count: int, canvas: Canvas, limit: int) -> tuple[NDArray[np.int64], Floats]:
    """For each pixel the map pixel before its centre, and the share of the next one."""
    index, share = np.empty(count, np.int64), np.empty(count, np.float32)
    for k in range(count):
        at = (first_px + k + 0.5) * canvas.pixel_size_um / canvas.map_pixel_um - 0.5
        at = min(max(at, 0.0), limit - 1.001)
        index[k] = int(at)
        share[k] = at - index[k]
    return index, share


@compiled
def _blend(upper: Floats, lower: Floats, share: float, out: Floats) -> None:
    for k in range(out.size):
        out[k] = upper[k] + np.float32(share) * (lower[k] - upper[k])


@compiled
def draw_ground(canvas: Canvas, level: Floats, texture: Floats) -> None:
    """Neuropil with its grain, `level` taken linearly between the map's pixels."""
    height, width = canvas.pixels.shape
    ys, fy = _between(canvas.y_px, height, canvas, level.shape[0])
    xs, fx = _between(canvas.x_px, width, canvas, level.shape[1])
    row, n = np.empty(level.shape[1], np.float32), texture.shape[1]
    for i in range(height):
        _blend(level[ys[i]], level[ys[i] + 1], fy[i], row)
        out, grain, at = canvas.pixels[i], texture[0, (canvas.y_px + i) % n], canvas.x_px % n
        for j in range(width):
            x = xs[j]
            out[j] = row[x] + fx[j] * (row[x + 1] - row[x]) + grain[at]
            at = at + 1 if at + 1 < n else 0


@compiled
def develop(canvas: Canvas, inside: Floats, texture: Floats, result: NDArray[np.uint8]) -> None:
    """Tissue on glass: the edge between them from the signed distance `inside` (µm), camera grain, eight bits."""
    height, width = canvas.pixels.shape
    ys, fy = _between(canvas.y_px, height, canvas, inside.shape[0])
    xs, fx = _between(canvas.x_px, width, canvas, inside.shape[1])
    row, n = np.empty(inside.shape[1], np.float32), texture.shape[1]
    steepness = np.float32(1 / (canvas.pixel_size_um + _EDGE_SOFTNESS_UM))
    half, zero, one, white = np.float32(0.5), np.float32(0.0), np.float32(1.0), np.float32(255.0)
    for i in range(height):
        _blend(inside[ys[i]], inside[ys[i] + 1], fy[i], row)
        y, at, pixels, out = (canvas.y_px + i) % n, canvas.x_px % n, canvas.pixels[i], result[i]
        for j in range(width):
            x = xs[j]
            distance = row[x] + fx[j] * (row[x + 1] - row[x]) + _EDGE_ROUGHNESS * texture[0, y, at]
            share = min(one, max(zero, distance * steepness + half))
            value = GLASS_LEVEL + share * (pixels[j] + _CAMERA * texture[1, y, at] - GLASS_LEVEL)
            out[j] = np.uint8(min(white, max(zero, value)) + half)
            at = at + 1 if at + 1 < n else 0


@compiled
def _hash(x: np.uint64) -> np.uint64:
    """SplitMix64."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@compiled
def _uniform(x: np.uint64) -> float:
    """A hash as a number in (0, 1)."""
    return (float(x >> np.uint64(11)) + 0.5) / 9007199254740992.0


@compiled
def _span(centre: float, reach: float, first_px: int, count: int, pixel_size_um: float) -> tuple[int, int]:
    low = int(np.floor((centre - reach) / pixel_size_um)) - first_px
    high = int(np.ceil((centre + reach) / pixel_size_um)) - first_px
    return max(0, low), min(count, high)


@compiled
def _draw_cell(canvas: Canvas, cell: _Cell) -> None:
    """An ellipse, thinner towards the pia, with a soft rim around its edge. A cell darkens, a vessel lightens."""
    um, ct, st = canvas.pixel_size_um, np.cos(cell.angle), np.sin(cell.angle)
    rim = max(cell.rim, um)
    top, bottom = _span(cell.y, cell.long + rim, canvas.y_px, canvas.pixels.shape[0], um)
    left, right = _span(cell.x, cell.long + rim, canvas.x_px, canvas.pixels.shape[1], um)
    for i in range(top, bottom):
        dy = (canvas.y_px + i + 0.5) * um - cell.y
        for j in range(left, right):
            dx = (canvas.x_px + j + 0.5) * um - cell.x
            along, across = (dx * ct + dy * st) / cell.long, (dy * ct - dx * st) / cell.short
            across *= 1.0 - 0.3 * along
            weight = 0.5 + (1.0 - np.sqrt(along * along + across * across)) * cell.short / rim
            ground = canvas.pixels[i, j]
            if weight > 0 and (cell.grey < ground or cell.grey == _VESSEL_GREY):
                canvas.pixels[i, j] = ground + (cell.grey - ground) * min(weight, 1.0)


@compiled
def _draw_block(canvas: Canvas, corner: tuple[float, float], tissue: Tissue, cells: Cells, state: np.uint64) -> None:
    """The cells of one block: candidates everywhere at the highest density, kept where the tissue has as many."""
    expected = cells.most * _BLOCK_UM * _BLOCK_UM * 1e-6
    count = int(expected) + (1 if _uniform(state) < expected - int(expected) else 0)
    table, u = cells.tables, np.empty(8)
    for _ in range(count):
        for k in range(8):
            state = _hash(state)
            u[k] = _uniform(state)
        x, y = corner[0] + u[0] * _BLOCK_UM, corner[1] + u[1] * _BLOCK_UM
        ix, iy = int(x / canvas.map_pixel_um), int(y / canvas.map_pixel_um)
        if iy >= tissue.row.shape[0] or ix >= tissue.row.shape[1] or tissue.row[iy, ix] == GLASS:
            continue
        row, column = tissue.row[iy, ix], min(int(tissue.depth[iy, ix] * table.density.shape[1]), table.density.shape[1] - 1)
        if u[2] > 1 - _VESSEL_SHARE:
            angle = tissue.radial[iy, ix] + (u[3] - 0.5) if row > 0 else u[3] * 2 * np.pi
            size = 0.4 + 0.6 * u[4]
            _draw_cell(canvas, _Cell(x, y, _VESSEL_LONG_UM * size, _VESSEL_SHORT_UM * size, angle, _VESSEL_GREY, 3.0))
            continue
        if u[2] * cells.most > table.density[row, column]:
            continue
        spread = table.log_sd[row, column] * np.sqrt(-2 * np.log(u[3])) * np.cos(2 * np.pi * u[4])
        shape = min(0.95, table.elongation[row, column] + 0.15 * (u[5] - 0.5))
        long = np.sqrt(min(np.exp(table.log_area[row, column] + spread), _LARGEST_UM2) / np.pi / shape)
        angle = tissue.radial[iy, ix] + np.pi + (u[6] - 0.5) * 0.8 if row > 0 else u[6] * 2 * np.pi
        grey, rim = _DARKEST + _FOCUS_RANGE * u[7], _SHARP_UM + _BLUR_UM * u[7]
        _draw_cell(canvas, _Cell(x, y, long, long * shape, angle, grey, rim))


@compiled
def draw_cells(canvas: Canvas, tissue: Tissue, cells: Cells) -> None:
    """All cells that reach into the canvas, block by block in a fixed order."""
    um, margin = canvas.pixel_size_um, 2 * np.sqrt(_LARGEST_UM2 / np.pi)
    height, width = canvas.pixels.shape
    left, right = int((canvas.x_px * um - margin) // _BLOCK_UM), int(((canvas.x_px + width) * um + margin) // _BLOCK_UM)
    top, bottom = int((canvas.y_px * um - margin) // _BLOCK_UM), int(((canvas.y_px + height) * um + margin) // _BLOCK_UM)
    for by in range(max(0, top), bottom + 1):
        for bx in range(max(0, left), right + 1):
            state = _hash(cells.seed ^ _hash(np.uint64(by) * np.uint64(4000037) + np.uint64(bx)))
            _draw_block(canvas, (bx * _BLOCK_UM, by * _BLOCK_UM), tissue, cells, state)
