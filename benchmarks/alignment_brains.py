"""Phantom brains for the alignment's stress set: sections at 64 µm per pixel, drawn at 4 µm and averaged, kept in a folder.

Drawing at 1 µm and averaging gives the same picture at 64 µm but for its noise; 4 µm is the coarsest the phantom draws.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.anatomy.features import PIXEL_SIZE_UM
from core.imaging.resampling import Image, average_blocks
from core.phantom.assemble import renderer_of, state_of
from core.phantom.maps import MAP_PIXEL_UM
from core.phantom.presets import PhantomSpec, start_weight_specs
from core.phantom.variation import SectionState, Variation

DRAWN_UM = 4.0
NEIGHBOURS = tuple(range(901, 1022, 10))  # 0.2 mm apart
ELSEWHERE = (1261, 1321)  # 4.8 and 6 mm beyond the last
TUNED_ON = (0, 1)  # brains that were looked at when settings were chosen
HELD_OUT = (2, 3, 4, 5)
UPRIGHT = (4, 5)  # cut as the demo brain is; the others obliquely, by up to 12 degrees about each of two axes


@dataclass(frozen=True)
class BaseSection:
    """A section as the phantom made it: `image` and `tissue` (bool) at 64 µm, and its motion."""

    number: int
    image: Image
    tissue: NDArray[np.bool_]
    state: SectionState


def spec_of_brain(index: int) -> PhantomSpec:
    """Left hemisphere; plane, tilt, seed and stain differ from brain to brain, one section is torn and one folded."""
    base = start_weight_specs(index + 1)[index]
    if index in UPRIGHT:
        base = replace(base, pitch_deg=0.0, yaw_deg=0.0)
    return replace(
        base,
        numbers=(*NEIGHBOURS, *ELSEWHERE),
        pixel_size_um=DRAWN_UM,
        variation=Variation(deformation_rms_um=260.0, stain_gain_sd=0.06, stain_offset_sd=4.0),
        damage=((931, "folded"), (991, "torn")),
    )


def sections_of(index: int, cache: Path) -> dict[int, BaseSection]:
    """All sections of a brain by number, drawn unless the folder `cache` has them."""
    spec = spec_of_brain(index)
    files = {number: cache / f"{spec.brain_id}_{number}.npz" for number in spec.numbers}
    missing = [number for number, file in files.items() if not file.exists()]
    if missing:
        cache.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(2, get_context("spawn"), cv2.setNumThreads, (1,)) as pool:
            for _ in pool.map(_draw, [spec] * len(missing), missing, [files[number] for number in missing]):
                pass
    return {number: _load(spec, number, file) for number, file in files.items()}


def _draw(spec: PhantomSpec, number: int, file: Path) -> None:
    renderer = renderer_of(spec, number)
    factor = round(PIXEL_SIZE_UM / DRAWN_UM)
    height, width = renderer.height_px // factor, renderer.width_px // factor
    image = average_blocks(renderer.window(0, 0, width * factor, height * factor), factor)
    in_maps = round(PIXEL_SIZE_UM / MAP_PIXEL_UM)
    classes = renderer.maps.classes[: height * in_maps, : width * in_maps]
    tissue = average_blocks(np.where(classes > 0, np.uint8(255), np.uint8(0)), in_maps)
    partial = file.with_suffix(".partial.npz")
    np.savez_compressed(partial, image=image, tissue=tissue > 127)
    partial.rename(file)


def _load(spec: PhantomSpec, number: int, file: Path) -> BaseSection:
    with np.load(file) as held:
        return BaseSection(number, held["image"], held["tissue"], state_of(spec, number))
