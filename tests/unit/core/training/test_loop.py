import math

import numpy as np
import pytest
import torch

from core.contracts.training import SegmentationSettings
from core.models.factory import build_model
from core.training.checkpoint import FILE_NAME, CheckpointError
from core.training.course import TrainingDivergedError
from core.training.loop import train_model
from tests.fakes.learning import RecordedSurroundings, patch_source

WEIGHTS = np.ones(4, np.float32)
SMALL = SegmentationSettings(
    architecture="hr_unet", output_px=16, iterations=4, batch_size=2, learning_rate=0.02,
    halve_learning_rate_at=(2,), precision="float32",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trained(settings, surroundings):
    model = build_model(settings.architecture, settings.seed)
    result = train_model(model, patch_source(settings), WEIGHTS, settings, surroundings)
    return model, result


def test_interrupted_and_resumed_equals_uninterrupted(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    straight, whole = trained(SMALL, RecordedSurroundings(tmp_path / "one"))
    _, first = trained(SMALL, RecordedSurroundings(tmp_path / "two", stop_after=2))
    resumed, second = trained(SMALL, RecordedSurroundings(tmp_path / "two"))
    assert (first.finished, first.steps) == (False, 2)
    assert whole.finished
    assert second.finished
    for name, value in straight.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_loss_falls_and_the_area_is_learnt_where_gray_values_tell_it(tmp_path):
    settings = SegmentationSettings(
        architecture="hr_unet", output_px=32, iterations=20, batch_size=4,
        learning_rate=0.04, halve_learning_rate_at=(15,),
    )  # fmt: skip
    surroundings = RecordedSurroundings(tmp_path)
    _, result = trained(settings, surroundings)
    assert result.loss < 0.6 * surroundings.reports[0].loss
    assert result.f1_area > 0.7


def test_progress_tells_step_loss_f1_and_remaining_time(tmp_path):
    surroundings = RecordedSurroundings(tmp_path)
    trained(SMALL, surroundings)
    last = surroundings.reports[-1]
    assert (last.step, last.of, last.eta_s) == (4, 4, 0.0)
    assert last.loss is not None
    assert math.isfinite(last.loss)
    assert last.metrics["learning_rate"] == pytest.approx(0.01)
    assert 0 <= last.metrics["f1_area"] <= 1


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    trained(SMALL, RecordedSurroundings(tmp_path, stop_after=1))
    assert (tmp_path / FILE_NAME).exists()
    with pytest.raises(CheckpointError, match="written with other settings"):
        trained(SMALL.model_copy(update={"learning_rate": 0.5}), RecordedSurroundings(tmp_path))


def test_a_loss_that_is_no_number_is_named(tmp_path):
    model = build_model("hr_unet")
    model.decoder.classifier.bias.data.fill_(math.nan)
    with pytest.raises(TrainingDivergedError, match=r"loss became nan at iteration 1 .* lower learning rate"):
        train_model(model, patch_source(SMALL), WEIGHTS, SMALL, RecordedSurroundings(tmp_path))
