import math

import numpy as np
import pytest
import torch

from core.contracts.features import EncoderSettings
from core.training import course
from core.training.course import TrainingDivergedError
from core.training.encoder_loop import recalibration, train_encoder
from core.training.normalisation import recalibrate_by
from tests.fakes.encoder_patches import CLASSES, StripedPatches, small_learner, striped
from tests.fakes.learning import RecordedSurroundings


@pytest.fixture(autouse=True)
def every_step_is_told(monkeypatch):
    monkeypatch.setattr(course, "REPORT_EVERY_S", 0.0)


def settings(**changes):
    small = {"epochs": 2, "batch_size": 12, "learning_rate": 0.5, "precision": "float32", "trust": 0.02}
    return EncoderSettings(**(small | changes))


def trained(wanted, place, stop_after=None, steps_per_epoch=3):
    place.mkdir(exist_ok=True)
    learner, around = small_learner(wanted), RecordedSurroundings(place, stop_after)
    result = train_encoder(learner, StripedPatches(wanted, steps_per_epoch), wanted, around)
    return learner, result, around.reports


def test_features_of_areas_come_apart(tmp_path):
    wanted = settings(loss="supervised_contrastive", epochs=3)
    learner, result, reports = trained(wanted, tmp_path, steps_per_epoch=8)
    assert result.finished
    assert result.loss < 0.8 * reports[0].loss
    recalibrate_by(learner, recalibration(StripedPatches(wanted, 8), learner, wanted))
    with torch.no_grad():
        learned, asked = (learner.encoder.eval()(striped(torch.arange(12) % CLASSES, seed)) for seed in (-1, -2))
    nearest = torch.cdist(asked, learned).argmin(dim=1) % CLASSES
    assert float((nearest == torch.arange(12) % CLASSES).float().mean()) > 0.8


@pytest.mark.parametrize("loss", ["cross_entropy", "self_supervised"])
def test_a_stopped_training_goes_on_as_if_it_had_not_been(tmp_path, loss):
    wanted = settings(loss=loss, pass_size=6, learning_rate=0.1)
    straight, result, whole = trained(wanted, tmp_path / "straight")
    _, stopped, first = trained(wanted, tmp_path / "resumed", stop_after=4)
    assert (stopped.finished, stopped.steps) == (False, 4)
    resumed, again, rest = trained(wanted, tmp_path / "resumed")
    assert (result.finished, again.finished, again.steps) == (True, True, 6)
    assert [each.loss for each in whole] == [each.loss for each in [*first, *rest]]
    for name, value in straight.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


def test_progress_tells_loss_speed_and_the_time_left(tmp_path):
    _, result, reports = trained(settings(), tmp_path)
    assert [report.step for report in reports] == [1, 2, 3, 4, 5, 6]
    assert [report.metrics["epoch"] for report in reports] == [1, 1, 1, 2, 2, 2]
    assert all(report.metrics["patches_per_s"] > 0 for report in reports)
    assert reports[-1].eta_s == 0
    assert result.patches_per_s > 0
    assert 0 <= result.waiting_share <= 1
    assert result.loss == pytest.approx(np.mean([report.loss for report in reports[3:]]))


def test_a_loss_that_is_no_number_ends_the_training_with_the_remedy(tmp_path):
    with pytest.raises(TrainingDivergedError, match=r"became nan at step \d of 6 .* lower learning rate"):
        trained(settings(loss="cross_entropy", learning_rate=1e30, trust=1e10), tmp_path)


def test_a_loss_that_does_not_fall_is_told(tmp_path):
    _, result, reports = trained(settings(learning_rate=1e-12, batch_size=24, epochs=32), tmp_path, steps_per_epoch=2)
    assert "the loss does not fall" in reports[-1].phase
    assert "the loss did not fall" in result.warnings[0]
    assert not math.isnan(result.loss)


def test_a_run_that_goes_on_is_not_judged_by_its_fall(tmp_path):
    still = settings(learning_rate=1e-12, batch_size=24, epochs=35)
    trained(still, tmp_path, stop_after=2, steps_per_epoch=2)
    _, result, reports = trained(still, tmp_path, steps_per_epoch=2)
    assert not result.warnings
    assert {report.phase for report in reports} == {"training"}
