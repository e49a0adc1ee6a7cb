"""The brains on which features are measured."""

import numpy as np
import pytest

from benchmarks.feature_brains import LEAST_SECTIONS, SETS, TRANSFER, areas_of, specs
from core.contracts.annotations import Outline, SectionOutlines
from core.contracts.datasets import RasterGrid
from core.datasets import BrainFolder, write_truth
from core.phantom.anatomy import load_block, tilt
from core.phantom.assemble import state_of
from core.phantom.cutting import cut
from tests.fakes.brain_folder import NUMBERS, write_small_brain

PATHS = (((0.0, 0.0), (1000.0, 0.0), (1000.0, 1000.0)),)


@pytest.mark.parametrize("name", SETS)
def test_brains_differ_in_tilt_and_seed_and_the_last_is_held_out(name):
    found = specs(name)
    assert len({spec.seed for spec in found}) == len({(spec.pitch_deg, spec.yaw_deg) for spec in found}) == 3
    assert found[-1].brain_id == TRANSFER
    assert {spec.pixel_size_um for spec in found} == {SETS[name].patches.pixel_size_um}


@pytest.mark.parametrize("spec", specs("cpu"), ids=lambda spec: spec.brain_id)
def test_no_section_leaves_the_anatomy_through_the_rim_where_it_was_cut_off(spec):
    """There a section has no closed outline, and its tissue runs to the image's edge."""
    grid = RasterGrid(
        pixel_size_um=320.0, width_px=int(spec.window.width_mm / 0.32), height_px=int(spec.window.height_mm / 0.32)
    )
    pieces = [tilt(load_block(block), spec.tilt_centre_mm, spec.pitch_deg, spec.yaw_deg) for block in spec.blocks]
    for number in (spec.numbers[0], *spec.numbers[-6:]):
        found = [cut(piece, spec.plane_mm(number), state_of(spec, number).warp, grid).inside_pial for piece in pieces]
        inside = np.logical_or.reduce(found)
        assert inside.any()
        assert not np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]]).any()


def test_an_area_counts_when_every_brain_shows_it_on_enough_sections(tmp_path):
    brains = []
    for brain, on in (("ONE", {"hOc1": 4, "hOc2": LEAST_SECTIONS}), ("TWO", {"hOc1": LEAST_SECTIONS, "hOc2": 2})):
        folder = write_small_brain(tmp_path, brain)
        for place, number in enumerate(NUMBERS):
            outlines = tuple(Outline(area=area, paths=PATHS) for area, count in on.items() if place < count)
            write_truth(folder, brain, SectionOutlines(section=number, outlines=outlines))
        brains.append(BrainFolder(folder))
    assert areas_of(brains) == ("hOc1",)
    assert areas_of(brains[:1]) == ("hOc1", "hOc2")
