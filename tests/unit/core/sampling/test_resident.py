import math
import shutil

import numpy as np
import pytest

from core.contracts.presets import PRESETS
from core.datasets import BrainFolder, adopt_truth
from core.datasets.build_store import StoreOptions, build_store
from core.imaging.sections import read_at
from core.imaging.store import StoreWriter
from core.models.geometry import patch_geometry
from core.phantom import build
from core.sampling.augmentation import Variation
from core.sampling.centres import BalancedCentres, Centre
from core.sampling.resident import Surroundings, load_resident, resident_bytes
from core.training.patch_source import PatchSource

SETTINGS = PRESETS["tiny"].settings.model_copy(update={"architecture": "ms_unet", "output_px": 32, "roi_radius_mm": 0.5})


@pytest.fixture(scope="module")
def brain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brains") / "TINY"
    build(folder, "tiny", workers=1)
    adopt_truth(folder)
    return BrainFolder(folder)


def loaded(brain, limit_bytes=math.inf):
    geometry = patch_geometry(SETTINGS)
    keep = Surroundings(
        {name: window.pixel_size_um for name, window in geometry.inputs.items()},
        SETTINGS.low_pixel_size_um,
        SETTINGS.roi_radius_mm,
        geometry.reach_um,
    )
    outlines = [outline.paths for outline in brain.truth(921).outlines if outline.area == "hOc1"]
    return load_resident(brain, 921, [outlines], keep, limit_bytes)


@pytest.fixture(scope="module")
def section(brain):
    return loaded(brain)


def test_all_classes_occur_around_the_area(section):
    assert set(np.unique(section.labels_in_region.values)) == {0, 1, 2, 3, 255}


def test_labels_in_the_region_are_the_section_s(section):
    inside = section.labels_in_region.values != 255
    np.testing.assert_array_equal(section.labels_in_region.values[inside], section.labels.values[inside])


def test_images_stay_within_the_section(brain, section):
    for raster in section.images.values():
        assert min(raster.grid.origin_um) >= 0
        assert raster.grid.width_px * raster.grid.pixel_size_um <= brain.brain.section(921).width_px * 4.0 + 32.0


@pytest.mark.parametrize("class_number", [0, 1, 2, 3])
def test_a_patch_shows_what_reading_the_section_there_shows(brain, section, class_number):
    """Whatever the class of the centre: images kept in memory reach as far as a patch does, or as the section."""
    geometry = patch_geometry(SETTINGS)
    centres = BalancedCentres([section.labels_in_region.values], ("hOc1",), (921,))
    source = PatchSource([section], centres, geometry, SETTINGS)
    row, column = np.argwhere(section.labels_in_region.values == class_number)[0]
    patch = source.cut(Centre(0, int(row), int(column)), Variation())
    half = geometry.output_px // 2
    size_um = geometry.output_pixel_size_um
    output = section.labels.grid.model_copy(
        update={
            "origin_um": ((column - half) * size_um, (row - half) * size_um),
            "width_px": geometry.output_px,
            "height_px": geometry.output_px,
        }
    )
    with brain.pyramid(921) as pyramid:
        for name, window in geometry.inputs.items():
            grid = window.grid(output)
            expected = read_at(pyramid, grid.pixel_size_um, *grid.origin_um, grid.width_px, grid.height_px)
            np.testing.assert_allclose(patch.inputs[name] * 255, expected, atol=1e-3)


def test_a_store_of_the_images_pixel_size_gives_the_same_pixels_and_is_read(brain, section, tmp_path):
    folder = tmp_path / brain.brain.id
    shutil.copytree(brain.path, folder)
    path = build_store(folder, StoreOptions(pixel_size_um=brain.brain.pixel_size_um, workers=1), lambda progress: None)
    from_store = loaded(BrainFolder(folder))
    for name, raster in section.images.items():
        np.testing.assert_array_equal(from_store.images[name].values, raster.values)
    with StoreWriter(path) as writer:  # other pixels under the same mark show who reads them
        about = brain.brain.section(921)
        writer.write(921, 0, np.zeros((about.height_px, about.width_px), np.uint8), 0)
        writer.finish(921, about.fingerprint)
    assert any((raster.values == 0).all() for raster in loaded(BrainFolder(folder)).images.values())


def test_a_streamed_section_gives_the_same_patches(brain, section):
    streamed = loaded(brain, limit_bytes=1000)
    assert resident_bytes(section) > 1000
    assert resident_bytes(streamed) == 0
    centres = BalancedCentres([section.labels_in_region.values], ("hOc1",), (921,))
    geometry = patch_geometry(SETTINGS)
    kept, read = (PatchSource([each], centres, geometry, SETTINGS) for each in (section, streamed))
    for centre, variation in kept.plan(0):
        one, two = kept.cut(centre, variation), read.cut(centre, variation)
        np.testing.assert_array_equal(one.labels, two.labels)
        for name in one.inputs:
            np.testing.assert_array_equal(one.inputs[name], two.inputs[name])
