import numpy as np
import pytest
import torch

from core.inference.occlusion import (
    UnknownLayerError,
    feature_maps,
    layer_names,
    occlusions,
    probabilities,
    stage_names,
    watch_layers,
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
    assert list(shown) == [("high", "low"), ("high",), ("low",)]
    assert shown[("high",)]["high"] is images["high"]
    assert np.unique(shown[("high",)]["low"]) == round(images["low"].mean())
    assert shown["high", "low"] == images


def test_an_only_input_cannot_be_hidden():
    assert list(occlusions(images_of(low=30))) == [("low",)]


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


def test_a_temperature_above_one_makes_probabilities_less_sure_and_changes_no_label(lr_unet):
    images = images_of(low=32 + 692)
    sure, cautious = (probabilities(lr_unet, images, "float32", temperature) for temperature in (1.0, 3.0))
    assert (cautious.max(axis=0) < sure.max(axis=0)).all()
    assert np.array_equal(cautious.argmax(axis=0), sure.argmax(axis=0))


@pytest.mark.parametrize(("architecture", "stages"), [("hr_unet", 6 + 5), ("lr_unet", 6 + 6), ("ms_unet", 12 + 5)])
def test_every_stage_of_a_network_is_one_of_its_layers(architecture, stages):
    model = build_model(architecture)
    names = stage_names(model)
    assert len(set(names)) == len(names) == stages
    assert set(names) <= set(layer_names(model))
    assert names[-1] == "decoder.classifier"


def test_watching_several_layers_tells_each_ones_maps_as_if_alone(lr_unet):
    images, layers = images_of(low=32 + 692), ["low_encoder.blocks.5.1", "decoder.stages.3"]
    told = {}
    watch_layers(lr_unet, images, "float32", layers, told.__setitem__)
    assert list(told) == layers
    for layer in layers:
        np.testing.assert_array_equal(told[layer], feature_maps(lr_unet, images, layer, "float32"))
