import pytest

from core.contracts.training import SegmentationSettings
from core.models.factory import build_model
from core.optimisers.nesterov_sgd import nesterov_sgd
from core.training.checkpoint import FILE_NAME, CheckpointError, load_checkpoint, save_checkpoint

SETTINGS = SegmentationSettings(architecture="hr_unet")


def test_a_damaged_checkpoint_is_named_with_the_remedy(tmp_path):
    model = build_model("hr_unet")
    optimiser = nesterov_sgd(model, SETTINGS)
    save_checkpoint(tmp_path, model, optimiser, 7, SETTINGS)
    assert load_checkpoint(tmp_path, model, optimiser, SETTINGS) == 7
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"checkpoint\.safetensors cannot be read .* remove it to train from the start"):
        load_checkpoint(tmp_path, model, optimiser, SETTINGS)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    small, large = build_model("hr_unet"), build_model("hr_unet", areas=3)
    save_checkpoint(tmp_path, small, nesterov_sgd(small, SETTINGS), 7, SETTINGS)
    with pytest.raises(CheckpointError, match="of another network or other areas; remove it"):
        load_checkpoint(tmp_path, large, nesterov_sgd(large, SETTINGS), SETTINGS)
