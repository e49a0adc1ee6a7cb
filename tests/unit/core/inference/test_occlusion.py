import numpy as np
import pytest
import torch

from core.inference.occlusion import (
    AS_TRAINED,
    UnknownLayerError,
    feature_maps,
    layer_names,
    occlusions,
    probabilities,
)
from core.models.factory import build_model


def images_of(**sides):
    rng = np.random.default_rng(1)
    return {name: rng.integers(0, 256, (side, side), np.uint8) for name, side in sides.items()}


@pytest.fixture(scope="module")
def lr_unet():
    return build_model("lr_unet").eval()


def test_hiding_an_input_leaves_its_mean_and_keeps_the_other():
    images = images_of(high=40, low=30)
    shown = occlusions(images)
    assert list(shown) == [AS_TRAINED, "high resolution only", "low resolution only"]
    assert shown["high resolution only"]["high"] is images["high"]
    assert np.unique(shown["high resolution only"]["low"]) == round(images["low"].mean())
    assert shown[AS_TRAINED] == images


def test_an_only_input_cannot_be_hidden():
    assert list(occlusions(images_of(low=30))) == [AS_TRAINED]


def test_probabilities_sum_to_one(lr_unet):
    found = probabilities(lr_unet, images_of(low=32 + 692), "float32")
    assert found.shape == (4, 32, 32)
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-5)


def test_the_classifiers_maps_are_the_logits(lr_unet):
    images = images_of(low=32 + 692)
    logits = feature_maps(lr_unet, images, "decoder.classifier", "float32")
    found = torch.from_numpy(logits).softmax(dim=0).numpy()
    np.testing.assert_allclose(found, probabilities(lr_unet, images, "float32"), atol=1e-6)


def test_every_named_layer_has_maps(lr_unet):
    names = layer_names(lr_unet)
    assert {"low_encoder.blocks.0.0", "first_stage", "decoder.stages.3", "decoder.classifier"} <= set(names)
    assert feature_maps(lr_unet, images_of(low=32 + 692), "decoder.stages.3", "float32").shape == (32, 32, 32)


def test_a_wrong_layer_names_those_there_are(lr_unet):
    with pytest.raises(UnknownLayerError, match=r"no layer 'bottleneck'; it has .*decoder\.stages\.0"):
        feature_maps(lr_unet, images_of(low=32 + 692), "bottleneck", "float32")
