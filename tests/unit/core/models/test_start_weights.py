import pytest
import torch

from core.contracts.presets import PRESETS
from core.models.factory import NETWORKS, build_model
from core.models.geometry import patch_geometry
from core.models.start_weights import FOLDER, UnknownWeightsError, available_weights, load_start_weights


def test_weights_of_every_preset_are_packaged_and_fit_its_network():
    for preset in PRESETS.values():
        patch_geometry(preset.settings)
        if preset.settings.start_weights is not None:
            model = build_model(preset.settings.architecture)
            before = model.state_dict()["decoder.classifier.weight"].clone()
            load_start_weights(model, preset.settings.start_weights)
            assert not torch.equal(model.state_dict()["decoder.classifier.weight"], before)
            assert all(torch.isfinite(value).all() for value in model.state_dict().values())
            assert all(value.dtype in (torch.float32, torch.int64) for value in model.state_dict().values())


def test_every_packaged_file_is_small_and_has_a_model_card():
    assert available_weights()
    for name in available_weights():
        assert (FOLDER / f"{name}.safetensors").stat().st_size <= 10_000_000
        card = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
        assert "synthetic tissue on real anatomy" in card
        assert "train_start_weights.py" in card


def test_unknown_weights_are_named_with_what_there_is():
    with pytest.raises(UnknownWeightsError, match=f"no start weights 'nowhere'; the package has: {available_weights()[0]}"):
        load_start_weights(build_model("hr_unet"), "nowhere")


def test_weights_of_another_network_are_refused():
    name = available_weights()[0]
    own = name.removeprefix("phantom-").rsplit("-", 1)[0].replace("-", "_")
    other = next(architecture for architecture in NETWORKS if architecture != own)
    with pytest.raises(UnknownWeightsError, match="belong to another network"):
        load_start_weights(build_model(other), name)
