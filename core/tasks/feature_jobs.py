"""The trials of feature experiments as jobs of a compute service: an encoder, and a classification after it."""

from collections.abc import Callable, Sequence

from core.contracts.features import ClassificationReport
from core.contracts.jobs import JobReport, Resources
from core.datasets import BrainFolder
from core.inference.patch_features import REPORT_FILE as FEATURES_FILE
from core.tasks.classify_patches import REPORT_FILE
from core.tasks.evaluate_features import (
    FeatureGridPlan,
    FeatureGridResults,
    Trial,
    TrialScores,
    job_on,
    planned,
    present,
    scores_of,
    write_results,
    write_scores,
)
from core.tasks.evaluate_grid import GridRun
from core.tasks.job_pairs import ComputeService, JobPair, bring, collect, failure_of, seconds_of, submitted

TRAIN_LIMIT_S, CLASSIFY_LIMIT_S = 24 * 3600, 4 * 3600


def evaluate_features_by_jobs(
    plan: FeatureGridPlan, run: GridRun, service: ComputeService, pause: Callable[[], None]
) -> FeatureGridResults:
    """Send the jobs of all trials that are missing, take their scores when they are back, and write `results.json`.

    Trials that share an encoder share its job; encoders stay where they were trained. Otherwise as
    `grid_jobs.evaluate_by_jobs`.
    """
    rows = planned(plan, run.brains)
    known = {row.trial: present(run.out, row.trial) for row in rows}
    found = {trial: scores for trial, scores in known.items() if scores is not None}
    pairs = [_sent(trial, run.brains, service) for trial in known if trial not in found]

    def take(trial: Trial, jobs: tuple[JobReport, JobReport]) -> None:
        found[trial] = _collected(trial, jobs, service, run)

    collect(pairs, run, len(known), service, pause, take)
    return write_results(plan, rows, found, run.out)


def _sent(trial: Trial, brains: Sequence[BrainFolder], service: ComputeService) -> JobPair[Trial]:
    settings = trial.features.settings
    name = f"{settings.encoder}, {settings.loss}, {settings.patches.patch_px} px"
    train = job_on(brains, trial.features).model_copy(
        update={"title": f"Encoder for evaluation: {name}", "resources": Resources(time_limit_s=TRAIN_LIMIT_S)}
    )
    train_key = submitted(train, service)
    parameters = trial.classify.model_copy(update={"features_job": train_key})
    changes = {
        "title": f"Scores for evaluation: {name}",
        "after": (train_key,),
        "resources": Resources(time_limit_s=CLASSIFY_LIMIT_S),
    }
    return JobPair(trial, train_key, submitted(job_on(brains, parameters).model_copy(update=changes), service))


def _collected(trial: Trial, jobs: Sequence[JobReport], service: ComputeService, run: GridRun) -> TrialScores:
    if failure := failure_of(jobs):
        return write_scores(run.out, TrialScores(trial=trial, seconds=seconds_of(jobs), failure=failure))
    trained, classified = jobs
    place = run.out / trial.folder / "results"
    bring(trained, service, place, [FEATURES_FILE])
    bring(classified, service, place, [REPORT_FILE])
    report = ClassificationReport.model_validate_json((place / REPORT_FILE).read_bytes())
    return write_scores(run.out, scores_of(trial, report, seconds_of(jobs)))
