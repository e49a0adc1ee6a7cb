import pytest

from core.models.factory import build_model
from core.tasks.model_files import ModelFilesError, load_description, load_network, save_model
from core.training.checkpoint import write_tensors
from tests.fakes.learning import ABOUT


@pytest.fixture
def folder(tmp_path):
    """A model folder with weights that were never trained."""
    save_model(tmp_path, build_model("lr_unet"), ABOUT)
    return tmp_path


def test_a_description_that_is_none_is_named(folder):
    (folder / "model.json").write_text('{"format_version": 1}')
    with pytest.raises(ModelFilesError, match=r"(?s)model\.json is not a model description: .*areas"):
        load_description(folder)


def test_missing_weights_are_named(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelFilesError, match=r"model\.safetensors does not hold the weights of a lr_unet"):
        load_network(folder, load_description(folder))


def test_weights_of_another_network_are_named(folder):
    write_tensors(folder / "model.safetensors", build_model("hr_unet").state_dict(), {})
    with pytest.raises(ModelFilesError, match=r"does not hold the weights of a lr_unet: .* in loading state_dict for LrUNet:$"):
        load_network(folder, load_description(folder))


def test_damaged_weights_are_named(folder):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ModelFilesError, match="does not hold the weights of a lr_unet"):
        load_network(folder, load_description(folder))
