"""The device's way of cutting patches, run on the CPU, beside OpenCV's."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from core.contracts.training import SegmentationSettings
from core.sampling.augmentation import Variation
from core.sampling.centres import Centre
from core.sampling.patches import Raster
from core.training.batches import threaded_batches
from core.training.device_stage import DeviceStage, held_bytes
from tests.fakes.learning import patch_source

SETTINGS = SegmentationSettings(architecture="ms_unet", output_px=32, batch_size=2, seed=5)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def source():
    """Grain of about two pixels, as tissue has: what a network sees, and what interpolation is tried by."""
    made = patch_source(SETTINGS)
    smooth = []
    for section in made.sections:
        blurred = {name: Raster(cv2.GaussianBlur(r.values, (0, 0), 1.0), r.grid) for name, r in section.images.items()}
        smooth.append(replace(section, images=blurred))
    return replace(made, sections=smooth)


def test_the_device_s_patches_are_opencv_s_up_to_its_rounding_of_places(source):
    plan = source.plan(0)
    expected, found = next(threaded_batches(source, [plan])), DeviceStage(source, CPU).batch(plan)
    for name, image in expected.inputs.items():
        difference = (found.inputs[name] - image).abs() * 255
        assert found.inputs[name].shape == image.shape
        assert difference.mean() < 0.5, name
        assert (difference > 8).float().mean() < 1e-3, name
    assert found.labels.dtype == torch.uint8
    assert (found.labels != expected.labels).float().mean() < 5e-3


def test_shapes_are_cut_and_made_wrong_alike():
    shaped = patch_source(SETTINGS.model_copy(update={"architecture": "lr_unet", "shape_input": True}))
    plan = shaped.plan(0)
    assert len({variation.shape_error for _, variation in plan}) == len(plan)
    expected, found = next(threaded_batches(shaped, [plan])), DeviceStage(shaped, CPU).batch(plan)
    assert tuple(expected.inputs) == tuple(found.inputs) == ("low", "shape 0")
    difference = (found.inputs["shape 0"] - expected.inputs["shape 0"]).abs()
    assert difference.mean() < 2e-3
    assert 0 <= expected.inputs["shape 0"].min() < expected.inputs["shape 0"].max() <= 1


@pytest.mark.parametrize("centre", [Centre(0, 40, 44), Centre(1, 0, 95)])
def test_an_unturned_patch_is_the_same(source, centre):
    """Also where it reaches beyond the section."""
    plan = [(centre, Variation(alpha=1.05, gamma=0.9, beta=0.1))]
    expected, found = next(threaded_batches(source, [plan])), DeviceStage(source, CPU).batch(plan)
    for name, image in expected.inputs.items():
        torch.testing.assert_close(found.inputs[name], image, rtol=0, atol=1e-5)
    assert torch.equal(found.labels, expected.labels)


def test_a_source_that_is_not_in_memory_takes_more_than_any_device_has(source):
    assert held_bytes(source) == sum(
        sum(r.values.nbytes for r in section.images.values()) + section.labels.values.nbytes for section in source.sections
    )
    streamed = replace(source.sections[0], images={"high": object()})
    assert held_bytes(replace(source, sections=[streamed])) == np.inf
    images = dict.fromkeys(("high", "low"), object())
    with pytest.raises(TypeError, match="from rasters in memory, not from a object"):
        DeviceStage(replace(source, sections=[replace(source.sections[0], images=images)]), CPU)
