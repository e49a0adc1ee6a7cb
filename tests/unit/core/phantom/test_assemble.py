"""The tiny phantom: a complete brain dataset whose truth, images and alignment agree."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.datasets import BrainFolder, MissingFileError, adopt_truth
from core.geometry.polygons import outline_problems, region, rings
from core.geometry.rasterise import rasterise
from core.imaging.sections import read_whole
from core.phantom import PRESETS, assemble, build, build_brain
from core.phantom.assemble import maps_of, state_of
from core.phantom.cutting import to_section
from core.phantom.presets import ANNOTATED_SECTIONS, AREA, start_weight_specs
from core.phantom.variation import matrix_of

TINY = PRESETS["tiny"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> BrainFolder:
    folder = tmp_path_factory.mktemp("brains") / "TINY"
    steps: list[tuple[int, int]] = []
    build(folder, "tiny", lambda progress: steps.append((progress.step, progress.of)))
    assert steps == [(n, len(TINY.numbers)) for n in range(1, len(TINY.numbers) + 1)]
    return BrainFolder(folder)


def test_a_built_phantom_passes_the_dataset_check_and_says_it_is_synthetic(tiny: BrainFolder) -> None:
    assert tiny.check() == []
    assert tiny.brain.synthetic
    assert "Synthetic tissue on real anatomy" in tiny.brain.provenance
    assert [section.number for section in tiny.brain.sections] == list(TINY.numbers)


def test_what_is_computed_of_real_brains_is_not_there_before_it_is_computed(tiny: BrainFolder) -> None:
    with pytest.raises(MissingFileError):
        tiny.tissue(TINY.numbers[0])
    with pytest.raises(MissingFileError):
        _ = tiny.alignment


def test_the_truth_can_take_the_place_of_what_is_computed(tiny: BrainFolder, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny.path, tmp_path / "TINY")
    adopt_truth(copy)
    taken = BrainFolder(copy)
    assert taken.alignment == tiny.true_alignment
    for number in TINY.numbers:
        np.testing.assert_array_equal(taken.tissue(number)[0], tiny.true_tissue(number)[0])
    assert taken.fingerprint() == tiny.fingerprint()


def test_building_again_gives_the_same_bytes(tiny: BrainFolder, tmp_path: Path) -> None:
    build_brain(tmp_path / "TINY", TINY)
    assert BrainFolder(tmp_path / "TINY").fingerprint() == tiny.fingerprint()


def test_two_workers_build_the_same_brain_as_one(tiny: BrainFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble, "_SERIAL_MEGAPIXELS", 0.0)
    build_brain(tmp_path / "TINY", TINY, workers=2)
    assert BrainFolder(tmp_path / "TINY").fingerprint() == tiny.fingerprint()


def test_another_brain_is_not_overwritten(tiny: BrainFolder) -> None:
    with pytest.raises(ValueError, match="holds the brain TINY"):
        build_brain(tiny.path, replace(TINY, brain_id="OTHER"))


def test_an_unknown_preset_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="tiny, demo, bench"):
        build(tmp_path, "huge")


def test_the_area_is_on_every_section_and_its_outline_can_be_trained_on(tiny: BrainFolder) -> None:
    for section in tiny.brain.sections:
        width_um, height_um = (n * tiny.brain.pixel_size_um for n in (section.width_px, section.height_px))
        outlines = tiny.truth(section.number).outlines
        assert AREA in {outline.area for outline in outlines}
        for outline in outlines:
            assert outline_problems(outline.paths, width_um, height_um) == ()


def test_outlines_follow_the_map_they_come_from_within_a_pixel(tiny: BrainFolder) -> None:
    number = TINY.numbers[0]
    maps = maps_of(TINY, number)
    outline = next(o for o in tiny.truth(number).outlines if o.area == AREA)
    drawn = rasterise(rings(outline.paths), maps.grid)
    wanted = maps.area_mask(AREA)
    differing = drawn ^ wanted
    edge = wanted ^ np.roll(wanted, 1, axis=0) | wanted ^ np.roll(wanted, 1, axis=1)
    assert differing.sum() < 0.2 * edge.sum()


def test_areas_share_borders_without_overlapping_by_more_than_the_outline_tolerance(tiny: BrainFolder) -> None:
    outlines = {outline.area: region(rings(outline.paths)) for outline in tiny.truth(TINY.numbers[2]).outlines}
    overlap_um2 = outlines["hOc1"].intersection(outlines["hOc2"]).area
    border_um = outlines["hOc1"].buffer(20).intersection(outlines["hOc2"]).area / 20
    assert border_um > 500
    assert overlap_um2 < 10 * border_um


def test_area_lies_in_gray_matter_and_images_are_darker_there_than_on_glass(tiny: BrainFolder) -> None:
    number = TINY.numbers[1]
    labels, grid = tiny.true_tissue(number)
    outline = next(o for o in tiny.truth(number).outlines if o.area == AREA)
    inside = rasterise(rings(outline.paths), grid)
    assert (labels[inside] == 2).mean() > 0.97
    with tiny.pyramid(number) as pyramid:
        image = read_whole(pyramid, grid.pixel_size_um)
    means = [image[labels == value].mean() for value in (0, 1, 2)]
    assert means[0] > 240
    assert 210 > means[1] > means[2] > 150


def test_alignment_carries_the_same_place_to_the_next_section_up_to_its_residual(tiny: BrainFolder) -> None:
    """Points of the anatomy, found in both sections through the phantom's own warp."""
    x, z = TINY.window.centre_mm
    points = np.stack(np.meshgrid(np.linspace(x - 4, x + 4, 15), np.linspace(z - 4, z + 4, 15)), -1).reshape(-1, 2)
    for step in tiny.true_alignment.steps:
        here, there = (to_section(points, state_of(TINY, number).warp) for number in (step.section, step.successor))
        moved = np.c_[here, np.ones(len(here))] @ matrix_of(step.transform)[:2].T
        rms_um = np.sqrt(((moved - there) ** 2).sum(1).mean())
        assert step.residual_um is not None
        assert rms_um == pytest.approx(step.residual_um, rel=0.15)
        assert rms_um > 1


def test_demo_interval_is_2400_um_with_thirteen_sections_and_neighbours_outside() -> None:
    demo = PRESETS["demo"]
    first, last = ANNOTATED_SECTIONS
    assert (last - first) * demo.section_thickness_um == 2400
    assert sum(first <= number <= last for number in demo.numbers) >= 13
    assert min(demo.numbers) < first < last < max(demo.numbers)


def test_start_weight_brains_never_share_anatomy_with_the_demo_brain() -> None:
    specs = start_weight_specs(6)
    assert len({spec.brain_id for spec in specs}) == 6
    assert all(not set(spec.blocks) & set(PRESETS["demo"].blocks) for spec in specs)
    planes = sorted(spec.plane_mm(961) for spec in specs)
    assert np.diff(planes).min() > 1
