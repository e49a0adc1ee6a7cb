import numpy as np
import pytest
import torch

from core.contracts.training import SegmentationSettings
from core.models.blocks import centre_crop, hr_encoder, lr_encoder
from core.models.catalogue import describe_models
from core.models.factory import NETWORKS, SHAPE_WEIGHTS, build_model, input_names, parameter_count, with_shapes
from core.models.geometry import patch_geometry


@pytest.mark.parametrize(("name", "parameters"), [("hr_unet", 1_420_500), ("lr_unet", 1_766_356), ("ms_unet", 2_364_708)])
def test_networks_have_the_specified_number_of_parameters(name, parameters):
    assert parameter_count(build_model(name)) == parameters


def test_high_resolution_encoder_has_the_specified_number_of_parameters():
    assert parameter_count(hr_encoder()) == 663_376


@pytest.mark.parametrize(
    ("encoder", "size_px", "block_sizes_px"),
    [
        (hr_encoder, 2025, [504, 248, 120, 56, 24, 8]),
        (hr_encoder, 1129, [280, 136, 64, 28, 10, 1]),
        (lr_encoder, 628, [624, 304, 144, 64, 24, 4]),
        (lr_encoder, 756, [752, 368, 176, 80, 32, 8]),
    ],
)
def test_encoder_blocks_have_the_specified_sizes(encoder, size_px, block_sizes_px):
    features = encoder().to("meta").eval()(torch.zeros(1, 1, size_px, size_px, device="meta"))
    assert [feature.shape[-1] for feature in features] == block_sizes_px


@pytest.mark.parametrize(
    ("name", "inputs_px", "output_px"),
    [
        ("hr_unet", (1641,), 16), ("hr_unet", (2025,), 64), ("hr_unet", (2537,), 128), ("hr_unet", (9705,), 1024),
        ("lr_unet", (724,), 32), ("lr_unet", (756,), 64), ("lr_unet", (1204,), 512),
        ("ms_unet", (1769, 596), 32), ("ms_unet", (2025, 628), 64), ("ms_unet", (6633, 1204), 640),
    ],
)  # fmt: skip
def test_networks_map_inputs_to_outputs_of_the_specified_sizes(name, inputs_px, output_px):
    geometry = patch_geometry(SegmentationSettings(architecture=name), output_px)
    assert tuple(geometry.inputs[key].size_px(output_px) for key in input_names(name)) == inputs_px
    images = [torch.zeros(1, 1, size, size, device="meta") for size in inputs_px]
    assert build_model(name).to("meta")(*images).shape == (1, 4, output_px, output_px)


@pytest.mark.parametrize("name", ["lr_unet", "ms_unet"])
def test_shapes_are_not_heeded_before_they_are_learnt_from(name):
    """With the weights of a network without shapes the answer is that network's, whatever the shapes."""
    plain, seeing = build_model(name, 1).eval(), build_model(name, 2, shapes=2).eval()
    seeing.load_state_dict(with_shapes(plain.state_dict(), seeing.state_dict()))
    settings = SegmentationSettings(architecture=name)
    images = [torch.rand(1, 1, *(window.size_px(32),) * 2) for window in patch_geometry(settings, 32).inputs.values()]
    shapes = [torch.rand_like(images[-1]) for _ in range(2)]
    with torch.inference_mode():
        torch.testing.assert_close(seeing(*images, *shapes), plain(*images))
    assert (build_model(name, 2, shapes=2).get_parameter(SHAPE_WEIGHTS)[:, 1:] == 0).all()


def test_a_network_without_low_resolution_takes_no_shapes():
    with pytest.raises(ValueError, match="takes no shapes"):
        build_model("hr_unet", shapes=1)


def test_decoder_stages_have_the_specified_sizes():
    model = build_model("ms_unet").to("meta")
    sizes: list[int] = []
    for stage in model.decoder.stages:
        stage.register_forward_hook(lambda _module, _inputs, output: sizes.append(output.shape[-1]))
    model(torch.zeros(1, 1, 2025, 2025, device="meta"), torch.zeros(1, 1, 628, 628, device="meta"))
    assert sizes == [12, 20, 36, 64]


@pytest.mark.parametrize("size_px", [7, 12])
def test_a_crop_that_would_shift_by_half_a_pixel_or_find_too_little_is_refused(size_px):
    with pytest.raises(ValueError, match=rf"cannot centre-crop \(10, 10\) to \({size_px}, {size_px}\) with even borders"):
        centre_crop(torch.zeros(1, 1, 10, 10), size_px, size_px)


def test_odd_size_before_a_pool_is_refused():
    with pytest.raises(ValueError, match="odd size"):
        hr_encoder().to("meta")(torch.zeros(1, 1, 2030, 2030, device="meta"))


@pytest.mark.parametrize("name", list(NETWORKS))
def test_the_same_seed_builds_the_same_network(name):
    first, again, other = (
        build_model(name, 3).state_dict(),
        build_model(name, 3).state_dict(),
        build_model(name, 4).state_dict(),
    )
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["decoder.classifier.weight"], other["decoder.classifier.weight"])


@pytest.mark.parametrize("name", list(NETWORKS))
def test_output_looks_only_at_what_lies_around_its_window(name):
    """Moving all inputs by the phase moves the output by as much: the alignment of `core.models.geometry`."""
    settings = SegmentationSettings(architecture=name)
    geometry = patch_geometry(settings, 64 if name != "hr_unet" else 32)
    shift_px = geometry.phase_px
    model = build_model(name).eval()
    generator = np.random.default_rng(0)
    first, moved = [], []
    for key in input_names(name):
        side = geometry.inputs[key].size_px(geometry.output_px)
        step = shift_px * 8 if key == "high" else shift_px
        wide = torch.from_numpy(generator.random((1, 1, side, side + step), dtype=np.float32))
        first.append(wide[..., :side])
        moved.append(wide[..., step:])
    with torch.inference_mode():
        one, two = model(*first), model(*moved)
    torch.testing.assert_close(one[..., shift_px:], two[..., :-shift_px], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_output_window_is_centred_in_the_inputs(name):
    """With mirror-symmetric kernels, a mirrored input gives the mirrored output only if nothing is off centre."""
    model = build_model(name).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data = (module.weight.data + module.weight.data.flip(-1)) / 2
    geometry = patch_geometry(SegmentationSettings(architecture=name), 32)
    generator = torch.Generator().manual_seed(0)
    images = [torch.rand(1, 1, *(geometry.inputs[key].size_px(32),) * 2, generator=generator) for key in input_names(name)]
    with torch.inference_mode():
        straight, mirrored = model(*images), model(*[image.flip(-1) for image in images])
    torch.testing.assert_close(mirrored, straight.flip(-1), rtol=1e-4, atol=1e-5)


def test_catalogue_tells_sizes_of_the_built_networks():
    described = {model["name"]: model for model in describe_models()}
    multi_scale = described["ms_unet"]
    assert multi_scale["parameters"] == 2_364_708
    assert multi_scale["encoder_parameters"]["high_encoder"] == 663_376
    assert [(entry["size_px"], entry["pixel_size_um"]) for entry in multi_scale["inputs"]] == [(2025, 2.0), (628, 16.0)]
    assert (multi_scale["output"]["size_px"], multi_scale["output"]["pixel_size_um"]) == (64, 16.0)
    assert {name: model["feature_width"] for name, model in described.items()} == {
        "hr_unet": 128,
        "lr_unet": 128,
        "ms_unet": 256,
        "base": 128,
        "resnet18": 512,
        "resnet50": 2048,
        "resnet101": 2048,
        "densenet121": 1020,
    }
