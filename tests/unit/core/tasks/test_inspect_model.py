import numpy as np
import pytest
from PIL import Image

from core.contracts.presets import PRESETS
from core.inference.occlusion import UnknownLayerError
from core.models.factory import build_model
from core.tasks import inspect_model as inspecting
from core.tasks.contact_sheet import contact_sheet
from core.tasks.inspect_model import inspect_model
from core.tasks.inspected_place import InspectionInputError
from core.tasks.model_files import load_description, save_model
from tests.fakes.learning import ABOUT
from tests.fakes.tasks import TRAIN_KEY

MIDDLE_UM = (4000.0, 4000.0)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(inspecting, "OUTPUT_PX", 64)


def panels(file):
    with Image.open(file) as image:
        return round(image.width / (2 * 64))


def test_a_network_with_two_inputs_is_drawn_with_each_of_them_hidden(trained, tiny_brain, tmp_path):
    description = load_description(trained.results_of(TRAIN_KEY))
    settings = description.settings.model_copy(update={"architecture": "ms_unet"})
    save_model(tmp_path, build_model("ms_unet"), description.model_copy(update={"settings": settings}))
    (file,) = inspect_model(tiny_brain.path, tmp_path, 921, MIDDLE_UM, tmp_path / "out")
    assert file == tmp_path / "out" / "occlusion_921.png"
    assert panels(file) == 4  # the image, as trained, high only, low only


def test_feature_maps_are_drawn_beside_the_only_input(trained, tiny_brain, tmp_path):
    files = inspect_model(tiny_brain.path, trained.results_of(TRAIN_KEY), 921, MIDDLE_UM, tmp_path, "low_encoder.blocks.0.0")
    assert [file.name for file in files] == ["occlusion_921.png", "features_921_low_encoder.blocks.0.0.png"]
    assert panels(files[0]) == 2
    with Image.open(files[1]) as sheet:
        assert sheet.size == (4 * 160 + 3 * 4, 4 * 160 + 3 * 4)  # 16 channels


def test_each_map_goes_from_black_to_white():
    maps = np.stack([np.linspace(low, low + 1, 160 * 160).reshape(160, 160) for low in (0, 50)]).astype(np.float32)
    sheet = contact_sheet(maps)
    for tile in (sheet[:, :160], sheet[:, 164:]):
        assert (tile.min(), tile.max()) == (0, 255)


def test_one_bright_pixel_leaves_no_map_dark_and_a_few_answers_are_still_seen():
    rising = np.linspace(0, 1, 160 * 160).reshape(160, 160).astype(np.float32)
    few = np.zeros_like(rising)
    bright = rising.copy()
    bright[0, 0], few[80, 80] = 1e6, 3.0
    first, second = np.hsplit(contact_sheet(np.stack([bright, few]))[:, [*range(160), *range(164, 324)]], 2)
    assert first[120:].min() > 180
    assert (second.max(), np.count_nonzero(second)) == (255, 1)


@pytest.mark.parametrize(
    ("section", "place", "words"), [(921, (9e4, 0.0), "outside section 921"), (5, MIDDLE_UM, "no section 5")]
)
def test_a_place_where_nothing_is_is_told(trained, tiny_brain, tmp_path, section, place, words):
    with pytest.raises(InspectionInputError, match=words):
        inspect_model(tiny_brain.path, trained.results_of(TRAIN_KEY), section, place, tmp_path)


def test_a_wrong_layer_is_told(trained, tiny_brain, tmp_path):
    with pytest.raises(UnknownLayerError, match="it has low_encoder"):
        inspect_model(tiny_brain.path, trained.results_of(TRAIN_KEY), 921, MIDDLE_UM, tmp_path, "nothing")


def test_a_network_that_sees_shapes_is_not_looked_into(tiny_brain, tmp_path):
    settings = PRESETS["tiny"].settings.model_copy(update={"shape_input": True})
    save_model(tmp_path, build_model("lr_unet", shapes=1), ABOUT.model_copy(update={"settings": settings}))
    with pytest.raises(InspectionInputError, match="cannot be looked into yet; choose one without shape_input"):
        inspect_model(tiny_brain.path, tmp_path, 921, MIDDLE_UM, tmp_path)
