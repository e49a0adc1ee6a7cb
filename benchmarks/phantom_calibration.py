"""Does the phantom's stain agree with the BigBrain's? Measured from rendered pixels at 18 equivolumetric depths.

Example: python -m benchmarks.phantom_calibration --reference bigbrain_left.npz --json figures.json

The reference is not part of the project (BigBrain, Amunts et al. 2013, CC BY-NC-SA): an .npz with `lh_profile`
(vertices, 18), 16 bit with 65535 for white, from pia to white matter, `lh_mmp` labels and `mmp_names`. Compared are the
medians over MMP areas V1, V2, 4 and 3b with the phantom's hOc1, hOc2, 4 and 3b, sections stained without gain, offset
or drift of their own. Depth contrast is the standard deviation over depth, area contrast that of the areas' mean stain.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure, run
from core.phantom.assemble import renderer_of
from core.phantom.cytoarchitecture import tables
from core.phantom.presets import PRESETS, PhantomSpec
from core.phantom.variation import Variation, Window

DEPTHS = 18
AREAS = {"hOc1": "V1", "hOc2": "V2", "4": "4", "3b": "3b"}
NEUTRAL = Variation(stain_gain_sd=0.0, stain_offset_sd=0.0, stain_drift=0.0)
EDGE_UM = 24.0  # closer to glass a measurement would average glass in

Profiles = dict[str, NDArray[np.float64]]


def specs() -> list[PhantomSpec]:
    """Sections of the demo brain for hOc1 and hOc2, and one brain cut through the central sulcus for 4 and 3b."""
    visual = replace(PRESETS["demo"], numbers=(921, 961, 1001), variation=NEUTRAL, damage=())
    central = replace(
        visual,
        brain_id="CENTRAL",
        blocks=("central_left",),
        numbers=(951, 961, 971),
        origin_mm=20.5 - 961 * visual.section_thickness_um / 1000,
        window=Window((-35.0, 42.0), 64.0, 52.0),
        seed=4,
        pixel_size_um=4.0,
    )
    return [visual, central]


def rendered() -> Profiles:
    """Mean stain per area at each depth, over all sections of `specs`."""
    names = tables().names
    total = {name: np.zeros((2, DEPTHS)) for name in AREAS}
    for spec in specs():
        for number in spec.numbers:
            for area, depth, stain in _measured(spec, number):
                for name, sums in total.items():
                    here = area == names.index(name)
                    # The depths are i / 17: each takes what is nearer to it than to the next.
                    at = np.round(depth[here] * (DEPTHS - 1)).astype(np.int64)
                    sums += [np.bincount(at, stain[here], DEPTHS), np.bincount(at, minlength=DEPTHS)]
    missing = [name for name, (_, count) in total.items() if not count.all()]
    if missing:
        raise ValueError(f"no rendered pixels at some depth of {missing}")
    return {name: stain / count for name, (stain, count) in total.items()}


def _measured(spec: PhantomSpec, number: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float64]]]:
    """Area, depth and rendered stain (mean over the map's pixel) strip by strip."""
    renderer = renderer_of(spec, number)
    maps = renderer.maps
    factor = round(maps.grid.pixel_size_um / spec.pixel_size_um)
    for top in range(0, maps.grid.height_px, 64):
        rows = slice(top, min(top + 64, maps.grid.height_px))
        pixels = renderer.rows(rows.start * factor, (rows.stop - rows.start) * factor)
        blocks = pixels.reshape(rows.stop - rows.start, factor, maps.grid.width_px, factor)
        inner = maps.inside_um[rows] > EDGE_UM
        yield maps.area[rows][inner], maps.depth[rows][inner], blocks.mean((1, 3))[inner]


def reference(file: Path) -> Profiles:
    """The BigBrain's median profiles in 8-bit grey levels."""
    with np.load(file, allow_pickle=False) as arrays:
        stain = arrays["lh_profile"] / 65535 * 255
        names = [str(name) for name in arrays["mmp_names"]]
        labels = arrays["lh_mmp"]
    return {area: np.median(stain[labels == names.index(mmp)], axis=0) for area, mmp in AREAS.items()}


def compare(phantom: Profiles, real: Profiles) -> list[Figure]:
    """Correlation and contrast over depth of every area, and contrast between the areas."""
    figures = []
    for area in AREAS:
        correlation = float(np.corrcoef(phantom[area], real[area])[0, 1])
        contrast = float(phantom[area].std() / real[area].std())
        figures.append(Figure(f"phantom.{area}.correlation", correlation, "", 0.9, "at least"))
        figures += _within_quarter(f"phantom.{area}.depth_contrast", contrast)
    between = [np.std([profiles[area].mean() for area in AREAS]) for profiles in (phantom, real)]
    at_depth = [np.std([profiles[area] for area in AREAS], axis=0).mean() for profiles in (phantom, real)]
    figures += _within_quarter("phantom.area_contrast", float(between[0] / between[1]))
    figures += _within_quarter("phantom.area_contrast_at_depths", float(at_depth[0] / at_depth[1]))
    return figures


def _within_quarter(name: str, ratio: float) -> list[Figure]:
    """A ratio to the reference, with the deviation that must stay within a quarter."""
    return [Figure(f"{name}_ratio", ratio, ""), Figure(f"{name}_deviation", abs(ratio - 1), "", 0.25)]


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Render, measure, compare; prints both profiles."""
    phantom, real = rendered(), reference(options.reference)
    for area, mmp in AREAS.items():
        print(f"{area:>5} phantom  " + " ".join(f"{v:5.0f}" for v in phantom[area]))
        print(f"{mmp:>5} BigBrain " + " ".join(f"{v:5.0f}" for v in real[area]))
    return compare(phantom, real)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True, help="profiles of the BigBrain's left hemisphere (.npz)")
    run(measure, parser)


if __name__ == "__main__":
    main()
