from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.contracts.features import EncoderSettings, FeaturesParameters, FeaturesReport
from core.contracts.jobs import Progress
from core.inference.patch_features import load_report
from core.models.encoders import encoder_for
from core.tasks import start_encoder
from core.tasks.context import JobInterruptedError
from core.tasks.run_here import all_truth
from core.tasks.train_features import train_features
from core.training import course
from core.training.checkpoint import CheckpointError
from core.training.encoder_loop import Chunk, train_encoder
from tests.fakes.encoder_patches import small_learner
from tests.fakes.feature_jobs import AREAS, FEATURES_KEY, SMALL
from tests.fakes.learning import RecordedSurroundings
from tests.fakes.tasks import LocalRun

FEW = SMALL.patches.model_copy(update={"spacing_mm": 3.0, "patches_per_area": 4})
SHORT = SMALL.model_copy(
    update={"start": "distance_and_location", "start_epochs": 1, "epochs": 1, "batch_size": 4, "patches": FEW}
)


@pytest.fixture(scope="module", autouse=True)
def every_step_is_told():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(course, "REPORT_EVERY_S", 0.0)
        yield


def train(run: LocalRun, settings: EncoderSettings) -> Path:
    parameters = FeaturesParameters(areas=AREAS, settings=settings)
    train_features(run.definition(FEATURES_KEY, parameters, all_truth(run.brain).annotations), run.context(FEATURES_KEY))
    return run.results_of(FEATURES_KEY)


def steps(reports: list[Progress]) -> list[tuple[str, int]]:
    return [(each.phase, each.step) for each in reports if each.loss is not None]


@pytest.fixture(scope="module")
def whole(tiny_brain, tmp_path_factory):
    run = LocalRun(tiny_brain, tmp_path_factory.mktemp("started"))
    train(run, SHORT)
    return run


def encoder(run: LocalRun) -> dict[str, torch.Tensor]:
    return load_file(run.results_of(FEATURES_KEY) / "encoder.safetensors")


def test_a_start_leaves_its_loss_and_says_what_its_distances_are(whole):
    report = load_report(whole.results_of(FEATURES_KEY))
    assert isinstance(report, FeaturesReport)
    assert report.start_loss is not None
    assert np.isfinite(report.start_loss)
    assert any("straight lines, not along the cortex" in words for words in report.warnings)


def test_the_encoder_goes_on_from_what_the_start_has_learnt(whole):
    start = load_file(whole.folder / FEATURES_KEY / "checkpoints" / start_encoder.FILE_NAME)
    name = "stages.0.0.weight"
    at_random = encoder_for(SHORT).state_dict()[name]
    assert (encoder(whole)[name] - start[name]).norm() < (encoder(whole)[name] - at_random).norm()


def test_stopped_at_any_step_it_goes_on_to_the_same_encoder(whole, tiny_brain, tmp_path):
    run, told = LocalRun(tiny_brain, tmp_path), []
    run.stop = True
    for _ in range(20):
        try:
            train(run, SHORT)
            break
        except JobInterruptedError as error:
            told.append(str(error))
    assert any("of its start" in words for words in told)
    assert steps(run.reports) == steps(whole.reports)
    for name, value in encoder(whole).items():
        assert torch.equal(encoder(run)[name], value), name


def test_a_start_that_was_done_with_other_settings_is_not_taken(whole, tiny_brain):
    again = LocalRun(tiny_brain, whole.folder)
    with pytest.raises(CheckpointError, match=r"start.safetensors was written with other settings"):
        train(again, SHORT.model_copy(update={"start_epochs": 2}))


class ShadedPatches:
    """Pairs whose gray value and shading tell where they lie, another batch each step."""

    batch_size, steps_per_epoch = 16, 10

    def chunks(self, first_step: int, last_step: int) -> Iterator[list[Chunk]]:
        """As `EncoderBatches` has it."""
        across = torch.linspace(-1, 1, 32)
        for step in range(first_step, last_step):
            places = 2 * torch.rand(self.batch_size, 3, generator=torch.Generator().manual_seed(step)) - 1
            level, down, right = places.T[:, :, None, None, None]
            images = level + down * across[:, None] + right * across
            yield [Chunk(lambda images=images: images, places)]


def test_the_loss_falls_where_patches_tell_their_place(tmp_path):
    settings = EncoderSettings(loss="distance_and_location", epochs=4, batch_size=16, learning_rate=0.2, precision="float32")
    around = RecordedSurroundings(tmp_path)
    result = train_encoder(small_learner(settings), ShadedPatches(), settings, around)
    assert result.loss < 0.4 * np.mean([report.loss for report in around.reports[:5]])
