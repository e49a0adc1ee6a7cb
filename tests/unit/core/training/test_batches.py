from dataclasses import replace

import numpy as np
import torch

from core.contracts.training import SegmentationSettings
from core.sampling.augmentation import Variation
from core.sampling.centres import Centre
from core.sampling.patches import Raster
from core.training.batches import batches
from tests.fakes.learning import GRAY_OF_CLASS, patch_source

SETTINGS = SegmentationSettings(architecture="ms_unet", output_px=32, batch_size=2, seed=5)


def test_batches_depend_on_seed_and_step_alone():
    source = patch_source(SETTINGS)
    straight = list(batches(source, 0, 3))
    resumed = list(batches(source, 2, 3))
    assert len(straight) == 3
    assert torch.equal(straight[2].labels, resumed[0].labels)
    assert all(torch.equal(straight[2].inputs[name], resumed[0].inputs[name]) for name in ("high", "low"))
    assert not torch.equal(straight[0].inputs["high"], straight[1].inputs["high"])


def test_batches_have_the_network_s_shapes():
    batch = next(batches(patch_source(SETTINGS), 0, 1))
    assert batch.inputs["high"].shape == (2, 1, 1769, 1769)
    assert batch.inputs["low"].shape == (2, 1, 596, 596)
    assert batch.labels.shape == (2, 32, 32)
    assert batch.labels.dtype == torch.uint8


def test_an_unturned_patch_is_cut_on_the_label_grid():
    source = patch_source(SETTINGS)
    patch = source.cut(Centre(0, 40, 44), Variation())
    section = source.sections[0]
    np.testing.assert_array_equal(patch.labels, section.labels.values[24:56, 28:60])
    np.testing.assert_allclose(
        patch.inputs["high"][756 : 756 + 256, 756 : 756 + 256] * 255,
        section.images["high"].values[24 * 8 : 56 * 8, 28 * 8 : 60 * 8],
        atol=1e-3,
    )
    np.testing.assert_allclose(
        patch.inputs["low"][282:314, 282:314] * 255, section.images["low"].values[24:56, 28:60], atol=1e-3
    )


def test_images_and_labels_are_turned_together():
    source = patch_source(SETTINGS)
    patch = source.cut(Centre(1, 48, 48), Variation(angle_rad=0.6))
    expected = GRAY_OF_CLASS[patch.labels].astype(float)
    for name, image in {
        "high": patch.inputs["high"][760 : 760 + 256 : 8, 760 : 760 + 256 : 8],
        "low": patch.inputs["low"][282:314, 282:314],
    }.items():
        close = np.abs(image * 255 - expected) < 40
        assert close[patch.labels != 255].mean() > 0.9, name


def test_a_section_placed_elsewhere_gives_the_same_patch():
    source = patch_source(SETTINGS)
    section = source.sections[0]
    moved = replace(
        section,
        images={name: shifted(raster) for name, raster in section.images.items()},
        labels=shifted(section.labels),
    )
    varied = Variation(angle_rad=0.3)
    one = source.cut(Centre(0, 40, 44), varied)
    two = replace(source, sections=[moved]).cut(Centre(0, 40, 44), varied)
    np.testing.assert_array_equal(one.labels, two.labels)
    np.testing.assert_allclose(one.inputs["high"], two.inputs["high"], atol=2 / 255)


def shifted(raster):
    return Raster(raster.values, raster.grid.model_copy(update={"origin_um": (-1600.0, 4800.0)}))


def test_a_patch_beyond_the_section_is_white_and_unknown():
    patch = patch_source(SETTINGS).cut(Centre(0, 0, 0), Variation())
    assert (patch.labels[:16] == 255).all()
    assert (patch.inputs["low"][:200] == 1).all()
