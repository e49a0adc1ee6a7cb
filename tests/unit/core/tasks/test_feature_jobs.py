"""Feature experiments as jobs: encoders that rows share are trained by one job, and scores come back."""

from pathlib import Path

import pytest

from core.contracts.features import ClassificationReport
from core.tasks.context import JobInterruptedError
from core.tasks.evaluate_features import FeatureGridPlan
from core.tasks.evaluate_grid import GridRun
from core.tasks.feature_jobs import evaluate_features_by_jobs
from tests.fakes.jobs_in_memory import JobsInMemory
from tests.fakes.patches import FOUR, outlined_brain

GOLDEN = Path(__file__).parents[3] / "contract/fixtures/golden"
FILES = {"features.json": "FeaturesReport", "classification.json": "ClassificationReport"}
CLASSIFIED = ClassificationReport.model_validate_json((GOLDEN / "ClassificationReport.json").read_bytes())
RESULTS = {
    "features": ("encoder.safetensors", "features.json"),
    "classify_patches": ("classifier.safetensors", "classification.json"),
}
PLAN = FeatureGridPlan(areas=FOUR, transfer="TWO", experiments=("transfer_areas", "sample_counts"))


@pytest.fixture(scope="module")
def brains(tmp_path_factory):
    root = tmp_path_factory.mktemp("brains")
    return tuple(outlined_brain(root, name) for name in ("ONE", "TWO"))


@pytest.fixture
def service():
    return JobsInMemory(RESULTS, lambda _job, path: (GOLDEN / f"{FILES[path]}.json").read_bytes())


def grid_run(brains, out, stop=lambda: False):
    return GridRun(brains, out, [].append, stop)


def test_an_encoder_is_one_job_and_each_of_its_scorings_another_after_it(service, brains, tmp_path):
    results = evaluate_features_by_jobs(PLAN, grid_run(brains, tmp_path), service, service.look)
    encoders, scorings = service.of("features"), service.of("classify_patches")
    assert len(encoders) == len({each.row.trial.encoder_folder for each in results.rows}) == 10
    assert len(scorings) == len({each.row.trial for each in results.rows}) == 11
    for each in scorings:
        assert each.after == (each.parameters.features_job,)
        assert each.parameters.features_job in {encoder.key for encoder in encoders}
    for each in results.rows:
        assert (each.scores.test, each.scores.seconds) == (CLASSIFIED.test.macro_f1, 10)
        place = tmp_path / each.row.trial.folder / "results"
        assert sorted(file.name for file in place.iterdir()) == ["classification.json", "features.json"]


def test_stopped_it_leaves_its_jobs_and_the_same_call_collects_them(service, brains, tmp_path):
    with pytest.raises(JobInterruptedError, match="0 of 11 models scored"):
        evaluate_features_by_jobs(PLAN, grid_run(brains, tmp_path, stop=lambda: True), service, service.look)
    sent = dict(service.definitions)
    again = evaluate_features_by_jobs(PLAN, grid_run(brains, tmp_path), service, service.look)
    assert all(each.scores.failure == "" for each in again.rows)
    assert service.definitions == sent


def test_a_job_that_fails_is_told_stops_no_other_and_is_tried_again_the_next_time(service, brains, tmp_path):
    service.fails = lambda job: job.parameters.kind == "features" and job.parameters.settings.patches.area_share == 0.25
    first = evaluate_features_by_jobs(PLAN, grid_run(brains, tmp_path), service, service.look)
    failures = [(each.row.label, each.scores.failure) for each in first.rows if each.scores.failure]
    assert failures == [("25 %", "Encoder for evaluation: resnet18, supervised_contrastive, 256 px: it broke")]
    service.fails = lambda _job: False
    second = evaluate_features_by_jobs(PLAN, grid_run(brains, tmp_path), service, service.look)
    assert [each for each in second.rows if each.scores.failure] == []
    assert len(service.of("features")) == 11
