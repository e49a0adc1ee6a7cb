"""Models of a grid as jobs: found again by their keys, brought back, and told when they fail."""

from datetime import UTC, datetime, timedelta

import pytest

from core.contracts.jobs import JobReport, JobState, Progress, ResultState
from core.contracts.presets import PRESETS, variant
from core.tasks import grid_jobs
from core.tasks.context import JobInterruptedError
from core.tasks.evaluate import EvaluationInputError, SectionScore
from core.tasks.evaluate_grid import AreaScores, GridPlan, GridRun
from core.tasks.grid_jobs import evaluate_by_jobs
from tests.fakes.tasks import AREA

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
PLAN = GridPlan(areas=(AREA,), first=901, last=941, spacings=(20,), settings=(variant(PRESETS["tiny"].settings, "lr_unet", 1),))
SCORE = SectionScore(
    section=911, f1_model=0.5, f1_interpolation=0.4, border_um_model=1, border_um_interpolation=2, middle_third=True
)


class Service:
    """Jobs in memory; each look takes every job a step further, training before prediction."""

    def __init__(self):
        self.definitions, self.states = {}, {}
        self.results = {"train": ("model.json",), "predict": ("predictions/911_hOc1.json",)}
        self.fails = set()

    def submit(self, definition):
        assert all(parent in self.definitions for parent in definition.after)
        self.definitions[definition.key] = definition
        self.states[definition.key] = JobState.SUBMITTED
        return self.reports([definition.key])[0]

    def reports(self, keys):
        return [self._report(key) for key in keys if key in self.definitions]

    def result(self, key, path):
        return f"{path} of {key}".encode()

    def look(self):
        for key, definition in self.definitions.items():
            before = [self.states[parent] for parent in definition.after]
            if JobState.FAILED in before:
                self.states[key] = JobState.CANCELLED
            elif not self.states[key].ended and all(state is JobState.SUCCEEDED for state in before):
                failed = (definition.parameters.kind, definition.parameters.sections[0]) in self.fails
                self.states[key] = JobState.FAILED if failed else JobState.SUCCEEDED

    def of(self, kind):
        return [one for one in self.definitions.values() if one.parameters.kind == kind]

    def _report(self, key):
        state, kind = self.states[key], self.definitions[key].parameters.kind
        return JobReport(
            key=key,
            kind=kind,
            title=self.definitions[key].title,
            state=state,
            result_state=ResultState.READY if state is JobState.SUCCEEDED else ResultState.WAITING,
            reason="it broke" if state is JobState.FAILED else "",
            created_at=AT,
            started_at=AT,
            finished_at=AT + timedelta(seconds=5),
            progress=Progress(at=AT, phase="x", step=1, of=4),
            results=self.results[kind] if state is JobState.SUCCEEDED else (),
        )


@pytest.fixture
def service():
    return Service()


@pytest.fixture(autouse=True)
def scoring(monkeypatch):
    monkeypatch.setattr(grid_jobs, "scored", lambda *_: (AreaScores(area=AREA, sections=(SCORE,)),))


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
    again, elsewhere = Service(), evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path / "b"), service, service.look)
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
    service.fails = {("train", 901)}
    first, second = evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path), service, service.look).models
    assert (first.areas, second.failure) == ((), "")
    assert first.failure == "Train for evaluation: hOc1 lsm 901–921: it broke"
    service.fails = set()
    first, second = evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path), service, service.look).models
    assert (first.failure, second.failure) == ("", "")
    assert [one.parameters.sections for one in service.of("train")] == [(901, 921), (921, 941), (901, 921)]


def test_progress_counts_models_and_parts_of_their_jobs(service, tiny_brain, tmp_path):
    reports = []
    evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path, reports), service, service.look)
    assert (reports[0].step, reports[0].of) == (50, 200)  # each of four jobs tells a quarter
    assert [report.step for report in reports] == sorted(report.step for report in reports)


def test_a_result_that_leads_out_of_its_folder_is_refused(service, tiny_brain, tmp_path):
    service.results["train"] = ("../../escaped",)
    with pytest.raises(EvaluationInputError, match="outside its folder"):
        evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path / "out"), service, service.look)
    assert not list(tmp_path.rglob("escaped"))


def test_a_service_that_lost_a_job_is_told(service, tiny_brain, tmp_path):
    with pytest.raises(EvaluationInputError, match="does not know job"):
        evaluate_by_jobs(PLAN, grid_run(tiny_brain, tmp_path), service, service.definitions.clear)
