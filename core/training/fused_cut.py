"""The cutting of patches as one kernel for GPUs, in Triton: what `device_stage` does tap by tap, in squares of pixels.

Squares, because turned patches read the section obliquely: the pixels of a square lie near one another, those of a row do not.
Import it only where Triton is installed.
"""

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from core.training.device_stage import Places

_SIDE = 16
_WARPS = 2


def cut(places: "Places", intensities: Tensor, fill: int, out: Tensor) -> None:
    """Write the patches into `out` (n, size_px, size_px) float32, on the GPU; `intensities` (n, 3) float32: α, γ, β of each."""
    count, size = len(places.lies), places.size_px
    squares = triton.cdiv(size, _SIDE)
    lies = functional.pad(places.lies, (0, 1), value=fill)
    turns = torch.cat([places.affine.flatten(1), intensities], dim=1)
    with torch.cuda.device_of(out):
        _cut[(squares, squares, count)](places.flat, lies, turns, out, size, _SIDE, num_warps=_WARPS)


@triton.jit
def _cut(flat, lies, turns, out, size, side: tl.constexpr):
    """`lies` (n, 6): as of the places, and what lies beyond the raster; `turns` (n, 9): affine, and α, γ, β."""
    patch = tl.program_id(2).to(tl.int64)
    column = tl.program_id(0) * side + tl.arange(0, side)[None, :]
    row = tl.program_id(1) * side + tl.arange(0, side)[:, None]
    across, down = column.to(tl.float32), row.to(tl.float32)
    turns += patch * 9
    x = tl.load(turns) * across + tl.load(turns + 1) * down + tl.load(turns + 2)
    y = tl.load(turns + 3) * across + tl.load(turns + 4) * down + tl.load(turns + 5)
    left, top = tl.floor(x), tl.floor(y)

    lies += patch * 6
    first, height, width = tl.load(lies), tl.load(lies + 1), tl.load(lies + 2)
    from_row, from_column = tl.load(lies + 3) - 1, tl.load(lies + 4) - 1
    # From here 32 bits reach every pixel of a patch, and cost half of what 64 do.
    start = flat + first + from_row * width + from_column
    top_edge, bottom_edge = (0 - from_row).to(tl.int32), (height - from_row).to(tl.int32)
    left_edge, right_edge = (0 - from_column).to(tl.int32), (width - from_column).to(tl.int32)
    stride, fill = width.to(tl.int32), tl.load(lies + 5).to(tl.float32)
    source_row, source_column = top.to(tl.int32), left.to(tl.int32)
    offset = source_row * stride + source_column
    total = tl.zeros((side, side), tl.float32)
    for i in tl.static_range(4):
        in_rows = (source_row + i >= top_edge) & (source_row + i < bottom_edge)
        line = tl.zeros((side, side), tl.float32)
        for j in tl.static_range(4):
            inside = in_rows & (source_column + j >= left_edge) & (source_column + j < right_edge)
            pixel = tl.load(start + offset + j, mask=inside, other=0).to(tl.float32)
            line += _weight(x - left, j) * tl.where(inside, pixel, fill)
        total += _weight(y - top, i) * line
        offset += stride

    alpha, gamma, beta = tl.load(turns + 6), tl.load(turns + 7), tl.load(turns + 8)
    share = tl.floor(tl.minimum(tl.maximum(total, 0.0), 255.0) + 0.5) / 255
    power = tl.where(share > 0, tl.exp2(gamma * tl.log2(share)), tl.where(gamma > 0, 0.0, 1.0))
    place = out + patch * size * size + row * size + column
    tl.store(place, alpha * power + beta, mask=(row < size) & (column < size))


@triton.jit
def _weight(t, tap: tl.constexpr):
    """Of the tap, for a place a part t beyond the second; Keys's with −0.75."""
    if tap == 0:
        d = t + 1
        weight = ((-0.75 * (d - 5)) * d - 6) * d + 3
    elif tap == 1:
        weight = (1.25 * t - 2.25) * t * t + 1
    elif tap == 2:
        d = 1 - t
        weight = (1.25 * d - 2.25) * d * d + 1
    else:
        d = 2 - t
        weight = ((-0.75 * (d - 5)) * d - 6) * d + 3
    return weight
