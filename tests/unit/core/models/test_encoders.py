import copy

import pytest
import torch

from core.contracts.features import EncoderSettings, PatchSettings
from core.models.blocks import hr_encoder
from core.models.encoders import ENCODERS, ProjectionHead, build_encoder, encoder_for
from core.models.factory import parameter_count

PARAMETERS = {
    "base": (663_376, 128), "resnet18": (11_160_928, 512), "resnet50": (23_498_464, 2048),
    "resnet101": (42_490_592, 2048), "densenet121": (6_847_240, 1020),
}  # fmt: skip


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders_have_the_thesis_s_parameters_and_features(name):
    encoder = build_encoder(name)
    assert (parameter_count(encoder), encoder.feature_width) == PARAMETERS[name]
    patches = torch.zeros(2, 1, 2048, 2048, device="meta")
    assert encoder.to("meta").eval()(patches).shape == (2, encoder.feature_width)


@pytest.mark.parametrize(
    ("name", "sizes_px"), [("resnet50", [256, 256, 128, 64, 32, 32]), ("base", [509, 250, 121, 56, 24, 8])]
)
def test_stages_have_the_specified_sizes(name, sizes_px):
    features, found = torch.zeros(1, 1, 2048, 2048, device="meta"), []
    for stage in build_encoder(name).to("meta").eval().stages:
        features = stage(features)
        found.append(features.shape[-1])
    assert found == sizes_px


def test_the_base_encoder_takes_the_weights_of_the_segmentation_s():
    """At a size whose halves are all whole both give the same."""
    torch.manual_seed(0)
    segmentation, encoder = hr_encoder().eval(), build_encoder("base").eval()
    names = list(encoder.state_dict())
    encoder.load_state_dict(dict(zip(names, segmentation.state_dict().values(), strict=True)))
    image = torch.rand(1, 1, 1129, 1129)
    with torch.inference_mode():
        torch.testing.assert_close(encoder(image), segmentation(image)[-1].mean(dim=(2, 3)))


def test_the_same_seed_gives_the_same_encoder():
    one, same, other = (build_encoder("resnet18", seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(value, same[name]) for name, value in one.items())
    assert any(not torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
def test_features_computed_again_change_neither_gradients_nor_statistics(name):
    plain = build_encoder(name).train()
    again = copy.deepcopy(plain)
    again.recompute = True
    images = torch.rand(2, 1, 96, 96)
    for encoder in (plain, again):
        encoder(images).square().sum().backward()
    for (key, one), other in zip(plain.named_parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, msg=key)
    for (key, one), other in zip(plain.named_buffers(), again.buffers(), strict=True):
        torch.testing.assert_close(other, one, msg=key)


def test_the_head_projects_features_to_256_values():
    assert ProjectionHead(512)(torch.rand(3, 512)).shape == (3, 256)


@pytest.mark.parametrize(("patch_px", "places"), [(128, 1), (256, 4), (1128, 64), (1129, 1)])
def test_the_base_encoder_pads_only_where_nothing_would_be_left_otherwise(patch_px, places):
    settings = EncoderSettings(encoder="base", patches=PatchSettings(patch_px=patch_px))
    encoder = encoder_for(settings).eval()
    features = torch.zeros(1, 1, patch_px, patch_px)
    with torch.no_grad():
        for stage in encoder.stages:
            features = stage(features)
    assert features.shape[1:] == (128, round(places**0.5), round(places**0.5))
    assert encoder.state_dict().keys() == build_encoder("base").state_dict().keys()
