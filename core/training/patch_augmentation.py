"""Random changes of patches for training encoders (thesis 6.1.3), on the device that learns, a whole batch at a time.

Rotation and mirroring are one sampling of the crop; intensity follows; blurring and sharpening are one filter. What happens to
a patch depends on its own seed alone: neither on the batch it is in nor on the device. A GPU changes all patches together; on
processors OpenCV takes one after the other, which is several times faster there, and places samples on 1/32 px.
"""

import math
from dataclasses import dataclass, fields
from typing import Self

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from core.contracts.features import EncoderSettings
from core.models.factory import as_input

SHARPNESS_SHARE = 0.25
"""Of the patches is blurred, and as many others are sharpened."""
_REACH = 6
"""Pixels to each side that the filter takes in: three times the widest Gaussian."""
_CHUNK_PX = 1 << 26
"""Pixels of crops at a time: bounds the memory beside the batch itself."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Changes:
    """What happens to each of b patches, arrays (b,).

    `angle_rad` is clockwise on screen, `mirrored` along the patch's own rows; intensities x become `alpha` x^`gamma` + `beta`;
    then `kept` x + `smoothed` G(x) with a Gaussian G of `sigma_px`.
    """

    angle_rad: Floats
    mirrored: NDArray[np.bool_]
    alpha: Floats
    beta: Floats
    gamma: Floats
    sigma_px: Floats
    kept: Floats
    smoothed: Floats

    def __getitem__(self, part: slice | NDArray[np.bool_]) -> Self:
        return type(self)(*(getattr(self, each.name)[part] for each in fields(self)))


def unchanged(count: int) -> Changes:
    """Nothing happens to any of the patches; a start for changes on purpose."""
    none, one = np.zeros(count), np.ones(count)
    return Changes(none, np.zeros(count, np.bool_), one, none, one, one, one, none)


def draw_changes(seeds: NDArray[np.int64], variation: float = 1.0) -> Changes:
    """Of each seed: rotation U[−π, π], mirrored or not, α U[0.9, 1.1], β U[−0.1, 0.1], γ without bias (Pohlen et al. 2017)
    from Z U[−0.05, 0.05]; a quarter blurred by σ U[0.125, 1] px, another sharpened by σ U[0.125, 2] px and δ U[0.5, 1.5].

    `variation` narrows or widens the ranges of α, β and Z; below 1 fewer patches are blurred and sharpened, with 0 none.
    The thesis prints the sharpened patch as x + δ (G(x) − x), which blurs; it is x + δ (x − G(x)).
    """
    drawn = np.array([np.random.default_rng((int(seed), 2)).random(9) for seed in seeds]).reshape(-1, 9).T
    turn, mirror, alpha, beta, z, kind, blur_px, sharp_px, delta = drawn
    share = SHARPNESS_SHARE * min(1.0, variation)
    blurred, sharpened = kind < share, (kind >= share) & (kind < 2 * share)
    return Changes(
        angle_rad=(2 * turn - 1) * math.pi,
        mirrored=mirror < 0.5,
        alpha=1 + variation * 0.1 * (2 * alpha - 1),
        beta=variation * 0.1 * (2 * beta - 1),
        gamma=unbiased_gamma(np.clip(variation * 0.05 * (2 * z - 1), -0.5, 0.5)),
        sigma_px=np.where(sharpened, 0.125 + 1.875 * sharp_px, 0.125 + 0.875 * blur_px),
        kept=np.where(blurred, 0.0, np.where(sharpened, 1.5 + delta, 1.0)),
        smoothed=np.where(blurred, 1.0, np.where(sharpened, -0.5 - delta, 0.0)),
    )


def unbiased_gamma(z: Floats) -> Floats:
    """γ = log(1/2 + Z/√2) / log(1/2 − Z/√2): with Z even about 0, the mean of x^γ over x in 0..1 is about that of x."""
    half = z / math.sqrt(2)
    return np.asarray(np.log(0.5 + half) / np.log(0.5 - half), np.float64)


def augment(images: Tensor, settings: EncoderSettings, seeds: NDArray[np.int64]) -> Tensor:
    """Crops (b, c, c) uint8 as changed patches (b, 1, p, p) float32, in the networks' range; each by its own seed."""
    return changed(images, settings.patches.patch_px, draw_changes(seeds, settings.intensity_variation))


def plain(images: Tensor, settings: EncoderSettings) -> Tensor:
    """The middles of crops (b, c, c) uint8 as they are, (b, 1, p, p) float32, in the networks' range."""
    side = settings.patches.patch_px
    margin = (images.shape[-1] - side) // 2
    return as_input(images[:, None, margin : margin + side, margin : margin + side].float() / 255)


def changed(images: Tensor, patch_px: int, changes: Changes) -> Tensor:
    """Crops (b, c, c) uint8 as patches (b, 1, p, p) float32 with these changes, in the networks' range."""
    if images.device.type == "cpu":
        patches = [_by_opencv(image, patch_px, changes[i : i + 1]) for i, image in enumerate(images.numpy())]
        return as_input(torch.from_numpy(np.stack(patches))[:, None])
    return together(images, patch_px, changes)


def together(images: Tensor, patch_px: int, changes: Changes) -> Tensor:
    """The same on any device, all patches by the same few operations."""
    out = torch.empty((len(images), 1, patch_px, patch_px), device=images.device)
    each = max(1, _CHUNK_PX // images.shape[-1] ** 2)
    for first in range(0, len(images), each):
        part = slice(first, first + each)
        out[part] = _filtered(_varied(_placed(images[part], patch_px, changes[part]), changes[part]), changes[part])
    return as_input(out)


def _by_opencv(image: NDArray[np.uint8], patch_px: int, change: Changes) -> NDArray[np.float32]:
    """One crop (c, c) as a patch (p, p) with intensities 0..1."""
    cosine, sine, across = math.cos(change.angle_rad[0]), math.sin(change.angle_rad[0]), -1.0 if change.mirrored[0] else 1.0
    linear = np.array([[cosine * across, -sine], [sine * across, cosine]])
    offset = (len(image) - 1) / 2 - linear @ np.full(2, (patch_px - 1) / 2)
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    affine = np.column_stack([linear, offset])
    turned = cv2.warpAffine(image, affine, (patch_px, patch_px), flags=how, borderMode=cv2.BORDER_REPLICATE)
    table = change.alpha[0] * (np.arange(256) / 255) ** change.gamma[0] + change.beta[0]
    patch = np.asarray(cv2.LUT(turned, table.astype(np.float32)), np.float32)
    if change.smoothed[0]:
        kernel = _kernels(change.sigma_px)[0]
        smooth = cv2.sepFilter2D(patch, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
        patch = np.asarray(change.kept[0] * patch + change.smoothed[0] * smooth, np.float32)
    return patch


def _placed(images: Tensor, patch_px: int, changes: Changes) -> Tensor:
    """(b, 1, p, p) float32 from 0 to 1: turned and mirrored about the middle, interpolated from 4 × 4 pixels.

    Linear interpolation would take the grain away that turned and unturned patches share (see `core.sampling.patches`).
    """
    scale = patch_px / images.shape[-1]
    cosine, sine = np.cos(changes.angle_rad) * scale, np.sin(changes.angle_rad) * scale
    across, none = np.where(changes.mirrored, -1.0, 1.0), np.zeros(len(cosine))
    affine = np.stack([np.stack([cosine * across, -sine, none], 1), np.stack([sine * across, cosine, none], 1)], 1)
    grid = functional.affine_grid(_on(images, affine), [len(images), 1, patch_px, patch_px], align_corners=False)
    crops = images[:, None].float()
    turned = functional.grid_sample(crops, grid, mode="bicubic", padding_mode="border", align_corners=False)
    return turned.round_().clamp_(0, 255).div_(255)


def _varied(patches: Tensor, changes: Changes) -> Tensor:
    alpha, beta, gamma = (_on(patches, each)[:, None, None, None] for each in (changes.alpha, changes.beta, changes.gamma))
    return patches.pow_(gamma).mul_(alpha).add_(beta)


def _filtered(patches: Tensor, changes: Changes) -> Tensor:
    """Those that are blurred or sharpened; at the patch's rim its outermost pixels go on."""
    chosen = changes.smoothed != 0
    if not chosen.any():
        return patches
    index = torch.from_numpy(np.flatnonzero(chosen)).to(patches.device)
    kept, smoothed = (_on(patches, each[chosen])[:, None, None, None] for each in (changes.kept, changes.smoothed))
    sharp = patches[index]
    patches[index] = kept * sharp + smoothed * _gaussian(sharp, changes.sigma_px[chosen])
    return patches


def _gaussian(patches: Tensor, sigma_px: Floats) -> Tensor:
    """Each of (n, 1, p, p) smoothed by its own Gaussian: one channel for each, first down the columns, then along the rows."""
    kernels = _on(patches, _kernels(sigma_px))[:, None]
    framed = functional.pad(patches, [_REACH] * 4, mode="replicate").transpose(0, 1)
    down = functional.conv2d(framed, kernels[..., None], groups=len(patches))
    return functional.conv2d(down, kernels[..., None, :], groups=len(patches)).transpose(0, 1)


def _kernels(sigma_px: Floats) -> Floats:
    """(n, taps), the sum of each is 1."""
    distance = np.arange(-_REACH, _REACH + 1)
    weights = np.exp(-(distance**2) / (2 * sigma_px[:, None] ** 2))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float64)


def _on(like: Tensor, values: Floats) -> Tensor:
    return torch.from_numpy(values.astype(np.float32)).to(like.device)
