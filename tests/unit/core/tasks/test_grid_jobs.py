"""Models of a grid as jobs: found again by their keys, brought back, and told when they fail."""

import pytest

from core.contracts.presets import PRESETS, variant
from core.tasks import grid_jobs
from core.tasks.context import JobInterruptedError
from core.tasks.evaluate import EvaluationInputError, SectionScore
from core.tasks.evaluate_grid import AreaScores, GridPlan, GridRun
from core.tasks.grid_jobs import evaluate_by_jobs
from tests.fakes.jobs_in_memory import JobsInMemory
from tests.fakes.tasks import AREA

PLAN = GridPlan(areas=(AREA,), first=901, last=941, spacings=(20,), settings=(variant(PRESETS["tiny"].settings, "lr_unet", 1),))
SCORE = SectionScore(
    section=911, f1_model=0.5, f1_interpolation=0.4, border_um_model=1, border_um_interpolation=2, middle_third=True
)


RESULTS = {"train": ("model.json",), "predict": ("predictions/911_hOc1.json",)}


@pytest.fixture
def service():
    return JobsInMemory(RESULTS)


@pytest.fixture(autouse=True)
def scoring(monkeypatch):
    def scored(model, folder, place, sections):
        return (AreaScores(area=AREA, sections=tuple(SCORE.model_copy(update={"section": number}) for number in sections)),)

    monkeypatch.setattr(grid_jobs, "scored", scored)


def grid_run(brain, out, reports=None, stop=lambda: False):
    return GridRun((brain,), out, [].append if reports is None else reports.append, stop)


def test_each_model_is_a_training_and_a_prediction_after_it(service, tiny_brain, tmp_path):
    results = evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path), service, service.look)
    assert [one.parameters.sections for one in service.of("train")] == [(901, 921), (921, 941)]
    assert [one.parameters.sections for one in service.of("predict")] == [(911,), (931,)]
    for train, predict in zip(service.of("train"), service.of("predict"), strict=True):
        assert predict.after == (train.key,) == (predict.parameters.model_job,)
    assert [(one.seconds, one.failure) for one in results.models] == [(10, "")] * 2
    train = service.of("train")[0]
    place = tmp_path / results.models[0].model.folder
    assert (place / "train/results/model.json").read_text() == f"model.json of {train.key}"
    assert (place / "predict/results/predictions/911_hOc1.json").exists()


def test_what_was_scored_is_not_sent_again_and_what_was_sent_is_found_from_any_folder(service, tiny_brain, tmp_path):
    evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path / "a"), service, service.look)
    sent = dict(service.definitions)
    again, elsewhere = (
        JobsInMemory(RESULTS),
        evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path / "b"), service, service.look),
    )
    assert service.definitions == sent
    assert len(elsewhere.models) == 2
    assert evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path / "a"), again, again.look).models
    assert again.definitions == {}


def test_stopped_it_leaves_its_jobs_and_the_same_call_collects_them(service, tiny_brain, tmp_path):
    with pytest.raises(JobInterruptedError, match="0 of 2 models scored"):
        evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path, stop=lambda: True), service, service.look)
    sent = dict(service.definitions)
    assert len(evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path), service, service.look).models) == 2
    assert service.definitions == sent
    assert len(sent) == 4


def test_a_job_that_fails_is_told_stops_no_other_and_is_tried_again_the_next_time(service, tiny_brain, tmp_path):
    service.fails = lambda job: job.parameters.kind == "train" and job.parameters.sections[0] == 901
    first, second = evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path), service, service.look).models
    assert (first.areas, second.failure) == ((), "")
    assert first.failure == "Train for evaluation: hOc1 lsm 901–921: it broke"
    service.fails = lambda job: False
    first, second = evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path), service, service.look).models
    assert (first.failure, second.failure) == ("", "")
    assert [one.parameters.sections for one in service.of("train")] == [(901, 921), (921, 941), (901, 921)]


def test_progress_counts_models_and_parts_of_their_jobs(service, tiny_brain, tmp_path):
    reports = []
    evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path, reports), service, service.look)
    assert (reports[0].step, reports[0].of) == (50, 200)  # each of four jobs tells a quarter
    assert [report.step for report in reports] == sorted(report.step for report in reports)


def test_a_result_that_leads_out_of_its_folder_is_refused(service, tiny_brain, tmp_path):
    service.results = RESULTS | {"train": ("../../escaped",)}
    with pytest.raises(EvaluationInputError, match="outside its folder"):
        evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path / "out"), service, service.look)
    assert not list(tmp_path.rglob("escaped"))


def test_a_service_that_lost_a_job_is_told(service, tiny_brain, tmp_path):
    with pytest.raises(EvaluationInputError, match="does not know job"):
        evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path), service, service.definitions.clear)
