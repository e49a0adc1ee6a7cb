"""The three phantom brains of `benchmarks.features`: two to learn from and one held out, with truth of 23 areas.

Each is a left hemisphere cut every 3 mm from the occipital pole to the splenium and every 0.6 mm through the central region,
the two pieces of anatomy there are; every area is outlined on all sections it reaches. Tilts are small: a plane that leaves
the piece through the open rim where it was cut off shows no closed tissue. Brains differ by tilt, deformation, stain and
cells, not by their folds: all come from the surfaces of one person. What is held out is therefore nearer to what was learnt
from than another person's brain would be. Some areas share their layers (2, 39 and 40; 20, 21 and 22; 23 and 31): no patch
tells them apart, only their place does.

Tissue classes and alignment are the true ones: sections 3 mm apart show too little in common to be aligned by their images.

Example: python -m benchmarks.feature_brains --work /tmp/feature_brains
"""

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from brodmann.progress import TerminalProgress
from core.contracts.features import PatchSettings
from core.datasets import BrainFolder, adopt_truth
from core.phantom.assemble import build_brain
from core.phantom.presets import PhantomSpec
from core.phantom.variation import Variation, Window

STEP = 30
"""Section numbers in a step: 0.6 mm at 20 µm."""
PLACES = (*range(0, 95, 5), *range(123, 128))
"""Of the sections, in steps from the first; in the gap there is no anatomy."""
FIRST, FIRST_MM = 100, -54.5
LEAST_SECTIONS = 3
TRANSFER = "F03"


@dataclass(frozen=True)
class BrainSet:
    """How brains are drawn and patches taken, for machines of one kind."""

    blocks: tuple[str, ...]
    places: tuple[int, ...]
    window: Window
    patches: PatchSettings


SETS = {
    "quick": BrainSet(
        ("occipital_left",),
        (30, 35, 40, 45, 50),
        Window((-24.0, 2.0), 40.0, 40.0),
        PatchSettings(pixel_size_um=8.0, patch_px=128),
    ),
    "cpu": BrainSet(
        ("occipital_left", "central_left"),
        PLACES,
        Window((-31.0, 13.5), 80.0, 112.0),
        PatchSettings(pixel_size_um=8.0, patch_px=256),
    ),
    "gpu": BrainSet(
        ("occipital_left", "central_left"),
        PLACES,
        Window((-31.0, 13.5), 80.0, 112.0),
        PatchSettings(pixel_size_um=4.0, patch_px=512),
    ),
}

_TILTS_DEG = {"F01": (1.5, -1.0), "F02": (-1.5, -1.0), TRANSFER: (1.0, -2.0)}


def specs(name: str) -> list[PhantomSpec]:
    """The brains of a set, the one to hold out last."""
    chosen = SETS[name]
    numbers = tuple(FIRST + STEP * place for place in chosen.places)
    return [
        PhantomSpec(
            brain_id=brain_id,
            title=f"Phantom brain {brain_id} for features",
            blocks=chosen.blocks,
            numbers=numbers,
            annotated_sections=(numbers[0], numbers[-1]),
            origin_mm=FIRST_MM - FIRST * 0.02,
            window=chosen.window,
            pixel_size_um=chosen.patches.pixel_size_um,
            seed=4100 + index,
            variation=Variation(stain_gain_sd=0.08, stain_offset_sd=5.0),
            pitch_deg=pitch_deg,
            yaw_deg=yaw_deg,
        )
        for index, (brain_id, (pitch_deg, yaw_deg)) in enumerate(_TILTS_DEG.items())
    ]


def feature_brains(work: Path, name: str) -> list[BrainFolder]:
    """The brains of a set in the folder `work`, with tissue classes and alignment; those that are there are not made again."""
    progress, found = TerminalProgress(), []
    for spec in specs(name):
        place = work / name / spec.brain_id
        made_of = place / "made_of.txt"
        if not made_of.exists() or made_of.read_text() != repr(spec):
            build_brain(place, spec, progress, workers=os.cpu_count() or 1)
            adopt_truth(place)
            made_of.write_text(repr(spec))
        found.append(BrainFolder(place))
    progress.close()
    return found


def sections_by_area(brain: BrainFolder) -> Counter[str]:
    """On how many sections each area is outlined."""
    return Counter(outline.area for section in brain.brain.sections for outline in brain.truth(section.number).outlines)


def areas_of(brains: Sequence[BrainFolder]) -> tuple[str, ...]:
    """The areas that every one of the brains shows on `LEAST_SECTIONS` sections or more."""
    counts = [sections_by_area(brain) for brain in brains]
    names = (area.name for area in brains[0].brain.areas)
    return tuple(name for name in names if min(count[name] for count in counts) >= LEAST_SECTIONS)


def main() -> None:
    """Build the brains and tell on how many sections each area is outlined."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder of the brains, kept between runs")
    parser.add_argument("--set", choices=SETS, default="cpu", help="which brains")
    options = parser.parse_args()
    brains = feature_brains(options.work, options.set)
    for brain in brains:
        counts = sections_by_area(brain)
        print(brain.brain.id, " ".join(f"{area}:{count}" for area, count in sorted(counts.items())))
    print("areas:", " ".join(areas_of(brains)))


if __name__ == "__main__":
    main()
