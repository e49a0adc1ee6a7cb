"""A surface packed for a picture of it: a sixth of the bytes, and in an order in which neighbours lie together.

Nodes are numbered anew along a Z-order curve (Morton 1966) and triangles by their first node, so each differs little from the
one before; of integers the differences are kept, their bytes apart, low ones first, and all of it goes through gzip. Inside it
is a safetensors file again. Each array of a column of n numbers is (columns, bytes, n) uint8; a difference d is written as
2d, or as -2d - 1 where it is below 0 (zigzag).
"""

import gzip
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

STEP_MM, STEP_UM = 0.005, 10.0
"""What coordinates are rounded to; more where a surface is larger than 65,535 of these."""
MOST_STEPS = 65_535
_LEVEL = 6  # of gzip
_RUNNING = ("area", "annotated", "probability", "split")

Arrays = Mapping[str, NDArray[Any]]
Integers = NDArray[np.int64]


def packed_surface(arrays: Arrays) -> bytes:
    """A midsurface's arrays, or a graph's of it (core.contracts.graphs), packed.

    `vertices` (3, ., n) in steps from `low_mm`, `section` (1, ., n) as places in `sections` + 1, 0 for none, `point` (2, ., n)
    in steps from `low_um`, and where a graph gave them `area`, `annotated`, `probability`, `split` (1, ., n); all these as
    differences to the node before. `triangles` (3, ., m): the smallest node's difference to that of the triangle before, and
    the differences of the other two to it. `low_mm`, `low_um` and both steps stand as JSON in the header.
    """
    place, low_mm, step_mm = _in_steps(arrays["vertices_mm"], STEP_MM)
    order = np.argsort(z_order(place), kind="stable")
    point, low_um, step_um = _in_steps(arrays["point_um"], STEP_UM)
    sections = np.unique(arrays["section"][arrays["section"] >= 0]).astype(np.int32)
    section = np.where(arrays["section"] >= 0, np.searchsorted(sections, arrays["section"]) + 1, 0)
    columns = {"vertices": place, "section": section[:, None], "point": point}
    columns |= {name: arrays[name].astype(np.int64)[:, None] for name in _RUNNING if name in arrays}
    packed: dict[str, NDArray[Any]] = {name: _planes(_differences(values[order])) for name, values in columns.items()}
    packed |= {"triangles": _planes(_of_triangles(arrays["triangles"], order)), "sections": sections}
    told = {"low_mm": low_mm, "step_mm": step_mm, "low_um": low_um, "step_um": step_um}
    content = safetensors.numpy.save(packed, {"packed": json.dumps(told)})
    return gzip.compress(content, _LEVEL, mtime=0)


def z_order(place: Integers) -> NDArray[np.uint64]:
    """The place on the curve of three numbers of 16 bits each, (n, 3): their bits in turn."""
    spread = place.astype(np.uint64)
    for shift, mask in ((16, 0x0000FF0000FF), (8, 0x00F00F00F00F), (4, 0x0C30C30C30C3), (2, 0x249249249249)):
        spread = (spread | (spread << np.uint64(shift))) & np.uint64(mask)
    along: NDArray[np.uint64] = spread[:, 0] | (spread[:, 1] << np.uint64(1)) | (spread[:, 2] << np.uint64(2))
    return along


def _in_steps(values: NDArray[np.float32], step: float) -> tuple[Integers, list[float], float]:
    """Whole steps (n, k) from the lowest of each column, which is told too, as is the step."""
    exact = values.astype(np.float64)
    low = exact.min(axis=0, initial=np.inf) if len(exact) else np.zeros(exact.shape[1])
    step = max(step, float((exact - low).max(initial=0.0)) / MOST_STEPS)
    return np.rint((exact - low) / step).astype(np.int64), low.tolist(), step


def _of_triangles(triangles: NDArray[np.int32], order: NDArray[np.intp]) -> Integers:
    """Differences (m, 3) of triangles of nodes numbered anew, turned to begin with their smallest, in its order."""
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    corners = number[triangles]
    first = corners.argmin(axis=1) if len(corners) else np.zeros(0, np.int64)
    turned = np.take_along_axis(corners, (first[:, None] + np.arange(3)) % 3, axis=1)
    turned = turned[np.lexsort(turned.T[::-1])]
    return np.stack([_differences(turned[:, 0]), turned[:, 1] - turned[:, 0], turned[:, 2] - turned[:, 0]], axis=1)


def _differences(values: Integers) -> Integers:
    return np.diff(values, axis=0, prepend=np.zeros_like(values[:1]))


def _planes(differences: Integers) -> NDArray[np.uint8]:
    """(columns, bytes, n): as many bytes as the largest needs."""
    zigzag = np.where(differences < 0, -2 * differences - 1, 2 * differences).astype("<u4")
    width = max(1, (int(zigzag.max(initial=0)).bit_length() + 7) // 8)
    planes = zigzag.T[:, :, None].copy().view(np.uint8)[:, :, :width]
    return np.ascontiguousarray(planes.transpose(0, 2, 1))
