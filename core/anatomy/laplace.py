"""Depth in the cortex as the solution of Laplace's equation: 0 at the pia, 1 at the white matter (thesis 7.1.1).

S. E. Jones, B. R. Buchbinder and I. Aharon, Three-dimensional mapping of cortical thickness using Laplace's equation, Human
Brain Mapping 11, 2000; Leprince et al. 2015. Solved by successive over-relaxation in red-black order: cells whose coordinates
have an even sum have neighbours with odd sums only, so each half is updated from the other and no order within it matters.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.compiled import compiled

OPEN, NOTHING = 1, 2
TOLERANCE = 1e-5
"""Largest difference between a cell and the mean of its neighbours that is left; the values are off by some 100 times that."""
MOST_SWEEPS = 3000
_SWEEPS_AT_A_TIME = 20

Field = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Solution:
    """`field` in the raster's shape, how many times all cells were gone over, and the residual that is left."""

    field: Field
    sweeps: int
    residual: float


def depth_field(
    outside: NDArray[np.bool_], inside: NDArray[np.bool_], meanwhile: Callable[[int, float], None] = lambda *_: None
) -> Solution:
    """0 where `outside`, 1 where `inside`, harmonic in between; 2D or 3D of equal spacing.

    Nothing flows through the raster's border: what is cut off there goes on as it is. A cell that reaches neither kind keeps
    0.5. `meanwhile` is told sweeps and residual now and then, and may raise to end it.
    """
    between = ~(outside | inside)
    kinds = np.pad(between.astype(np.uint8), 1, constant_values=NOTHING)
    values = np.full(kinds.shape, 0.5, np.float32)
    core = values[tuple(slice(1, -1) for _ in outside.shape)]
    core[outside], core[inside] = 0.0, 1.0
    steps = np.array([stride // values.itemsize for stride in values.strides], np.int64)
    offsets = np.concatenate([-steps, steps])
    colours = [cells_of_colour(kinds, colour) for colour in (0, 1)]
    factor = np.float32(over_relaxation(between))
    flat, kind = values.reshape(-1), kinds.reshape(-1)
    sweeps, residual = 0, 0.0
    while between.any() and sweeps < MOST_SWEEPS:
        for _ in range(_SWEEPS_AT_A_TIME):
            residual = max(float(_sweep(flat, kind, cells, offsets, factor)) for cells in colours)
        sweeps += _SWEEPS_AT_A_TIME
        meanwhile(sweeps, residual)
        if residual < TOLERANCE:
            break
    return Solution(np.ascontiguousarray(core), sweeps, residual)


def cells_of_colour(kinds: NDArray[np.uint8], colour: int) -> NDArray[np.int64]:
    """The open cells (as flat indices) whose coordinates have a sum of that parity, row after row."""
    parity = np.zeros((1,) * kinds.ndim, np.uint8)
    for axis, size in enumerate(kinds.shape):
        along = (np.arange(size) % 2).astype(np.uint8)
        parity = parity ^ along.reshape([-1 if each == axis else 1 for each in range(kinds.ndim)])
    return np.flatnonzero((kinds == OPEN) & (parity == colour)).astype(np.int64)


def over_relaxation(between: NDArray[np.bool_]) -> float:
    """The factor that is best for a flat layer about as thick as the thicker parts of this one (Young's formula).

    Across a layer of n cells, Jacobi's iteration in d dimensions shrinks the error by (cos(pi / (n + 1)) + d - 1) / d.
    """
    faces = sum(int(np.count_nonzero(np.diff(between.view(np.int8), axis=axis))) for axis in range(between.ndim))
    if not faces:
        return 1.0
    # A flat layer has two faces to n cells; the half more is for thicker parts, as too small a factor costs most.
    thickness = 1.5 * 2 * np.count_nonzero(between) / faces
    shrinking = (np.cos(np.pi / (thickness + 1)) + between.ndim - 1) / between.ndim
    return float(2 / (1 + np.sqrt(1 - shrinking**2)))


@compiled
def _sweep(
    values: NDArray[np.float32],
    kinds: NDArray[np.uint8],
    cells: NDArray[np.int64],
    offsets: NDArray[np.int64],
    factor: np.float32,
) -> np.float32:
    """One colour; the largest residual met."""
    largest = np.float32(0)
    for cell in cells:
        total, count = np.float32(0), np.float32(0)
        for offset in offsets:
            if kinds[cell + offset] != 2:
                total += values[cell + offset]
                count += np.float32(1)
        if count > 0:
            residual = total / count - values[cell]
            values[cell] += factor * residual
            largest = max(largest, abs(residual))
    return largest
