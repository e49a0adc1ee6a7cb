from dataclasses import replace
from pathlib import Path

import pytest

from core.contracts.features import ClassificationReport, PatchSettings
from core.tasks import evaluate_features as grid
from core.tasks.classify_patches import REPORT_FILE
from core.tasks.context import JobInterruptedError
from core.tasks.evaluate import EvaluationInputError
from core.tasks.evaluate_features import FeatureGridPlan, FeatureGridResults, evaluate_features, planned
from core.tasks.evaluate_grid import RESULTS_FILE, GridRun
from core.tasks.feature_experiments import EXPERIMENTS, SIZES
from core.tasks.feature_grid_report import failures_of, lines_of, render, text_table
from core.training.course import TrainingDivergedError
from tests.fakes.patches import FOUR, outlined_brain

PATCHES = PatchSettings(pixel_size_um=8.0, patch_px=96, patches_per_area=2)
TINY = replace(
    SIZES["demo"],
    settings=SIZES["demo"].settings.model_copy(update={"patches": PATCHES, "epochs": 1, "batch_size": 4}),
    encoders=("resnet18",),
    patch_px={"small": 64, "large": 96},
)
EVERYTHING = FeatureGridPlan(areas=FOUR, transfer="TWO", experiments=tuple(EXPERIMENTS), size="standard")
UNSEEN = FeatureGridPlan(areas=FOUR, transfer="TWO", experiments=("unseen_areas",), size="tiny")


@pytest.fixture(scope="module")
def brains(tmp_path_factory):
    root = tmp_path_factory.mktemp("brains")
    return tuple(outlined_brain(root, name) for name in ("ONE", "TWO"))


@pytest.fixture(scope="module", autouse=True)
def tiny():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "tiny", TINY)
        yield


def grid_run(brains, out, reports=None, stop=lambda: False):
    return GridRun(brains, out, [].append if reports is None else reports.append, stop)


def written(out):
    return {file.relative_to(out): file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def computed(brains, tmp_path_factory):
    """Experiments that were stopped after the first encoder and then went on, and the files there were when stopped."""
    out = tmp_path_factory.mktemp("grid")
    with pytest.raises(JobInterruptedError, match="stopped after 1 of 3 models"):
        evaluate_features(UNSEEN, grid_run(brains, out, stop=lambda: bool(list(out.rglob("scores.json")))))
    stopped = written(out)
    return out, evaluate_features(UNSEEN, grid_run(brains, out)), stopped


@pytest.fixture(scope="module")
def everything(brains):
    return planned(EVERYTHING, brains)


def of(rows, name):
    return [row for row in rows if row.experiment == name]


def settings_of(rows):
    return [row.trial.features.settings.model_dump() | row.trial.features.settings.patches.model_dump() for row in rows]


# -- the table


@pytest.mark.parametrize(
    ("name", "varied"),
    [
        ("baseline", {"encoder", "start", "patch_px", "learning_rate"}),
        ("architectures", {"encoder", "loss", "epochs", "patch_px", "learning_rate", "recompute"}),
        ("transfer_brains", set()),
        ("transfer_areas", set()),
        ("unseen_areas", set()),
        ("sample_counts", {"area_share"}),
    ],
)
def test_an_experiment_varies_what_it_names_and_nothing_else(everything, name, varied):
    found = settings_of(of(everything, name))
    assert {key for key in found[0] if len({repr(each[key]) for each in found}) > 1} - {"patches"} == varied


def test_every_experiment_with_the_thesis_reference_model_takes_the_same_encoder(everything):
    (default,) = {row.trial.encoder_folder for row in of(everything, "sample_counts") if row.label == "100 %"}
    for name, label in (
        ("architectures", "resnet50"), ("transfer_brains", "TWO"), ("transfer_areas", "0 %"), ("unseen_areas", "100 %")
    ):  # fmt: skip
        assert default in {row.trial.encoder_folder for row in of(everything, name) if row.label == label}, name


def test_the_thesis_patches_learning_rates_and_epochs_are_the_standard(everything):
    found = {
        (each["encoder"], each["loss"], each["start"], each["patch_px"]) for each in settings_of(of(everything, "baseline"))
    }
    ce = "cross_entropy"
    assert found == {
        *(("base", ce, start, px) for start in ("random", "distance_and_location") for px in (1129, 2025)),
        *(("resnet50", ce, "random", px) for px in (1024, 2048)),
    }
    for each in settings_of(everything):
        assert each["epochs"] == (180 if each["loss"] == ce else 150)
        assert each["learning_rate"] in (0.16, 0.08)


def test_areas_are_drawn_anew_in_each_repetition_and_more_hold_the_fewer(everything):
    rows = of(everything, "transfer_areas")
    assert [(row.label, row.repetition) for row in rows] == [
        ("0 %", 0), *((f"{share} %", times) for share in (25, 50, 75) for times in range(3)), ("100 %", 0)
    ]  # fmt: skip
    chosen = {(row.label, row.repetition): set(row.trial.classify.transfer_areas) for row in rows}
    assert (chosen["0 %", 0], chosen["100 %", 0]) == (set(), set(FOUR))
    for times in range(3):
        assert [len(chosen[f"{share} %", times]) for share in (25, 50, 75)] == [1, 2, 3]
        assert chosen["25 %", times] < chosen["50 %", times] < chosen["75 %", times]
    assert len({frozenset(chosen["25 %", times]) for times in range(3)}) > 1


def test_the_classifier_is_of_all_areas_where_the_encoder_has_not_seen_all(everything):
    for row in of(everything, "unseen_areas"):
        assert len(row.trial.features.unseen) == {"25 %": 2, "50 %": 2, "75 %": 1, "100 %": 0}[row.label]
        assert row.trial.classify.areas == FOUR


def test_each_brain_is_held_out_in_turn(everything):
    assert [row.trial.features.transfer for row in of(everything, "transfer_brains")] == [("ONE",), ("TWO",)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"experiments": ("colour",)}, "no experiment 'colour'; there are baseline, architectures"),
        ({"size": "huge"}, "no preset 'huge'; there are demo, standard"),
        ({"transfer": "THREE"}, "THREE cannot be held out of ONE, TWO"),
    ],
)
def test_a_plan_that_cannot_be_is_told(brains, changes, words):
    with pytest.raises(EvaluationInputError, match=words):
        planned(EVERYTHING.model_copy(update=changes), brains)


# -- computing it


def test_rows_that_come_to_the_same_encoder_share_its_scores(computed):
    _, results, _ = computed
    quarter, half, *_ = results.rows
    assert (quarter.row.label, half.row.label) == ("25 %", "50 %")
    assert quarter.scores == half.scores
    assert len({each.row.trial for each in results.rows}) == 3


def test_scores_are_those_of_the_classification(computed):
    out, results, _ = computed
    for each in results.rows:
        found = out / each.row.trial.folder / "results" / REPORT_FILE
        report = ClassificationReport.model_validate_json(found.read_bytes())
        assert (each.scores.test, each.scores.transfer) == (report.test.macro_f1, report.transfer.macro_f1)
        assert (report.robustness, report.points) == ((), ())


def test_what_is_done_is_not_done_again(computed, brains):
    out, results, stopped = computed
    before, reports = written(out), []
    assert stopped.items() <= before.items()
    assert evaluate_features(UNSEEN, grid_run(brains, out, reports)).rows == results.rows
    assert {file: time for file, time in written(out).items() if file.name != RESULTS_FILE} == {
        file: time for file, time in before.items() if file.name != RESULTS_FILE
    }
    assert not reports


def test_the_results_file_holds_what_was_returned(computed, brains):
    out, *_ = computed
    returned = evaluate_features(UNSEEN, grid_run(brains, out))
    assert FeatureGridResults.model_validate_json((out / RESULTS_FILE).read_bytes()) == returned


def test_a_classification_that_was_killed_takes_the_encoder_that_is_there(computed, brains, tmp_path, monkeypatch):
    out, results, _ = computed
    trial = results.rows[0].row.trial
    monkeypatch.setattr(grid, "train_features", None)
    (tmp_path / "encoders").symlink_to(out / "encoders")
    (out / trial.folder / "scores.json").unlink()
    again = evaluate_features(UNSEEN, grid_run(brains, tmp_path))
    assert again.rows[0].scores.test == results.rows[0].scores.test


def test_other_outlines_are_other_data(brains, tmp_path):
    more = (brains[0], outlined_brain(tmp_path, "TWO"))
    assert [row.trial for row in planned(UNSEEN, more)] == [row.trial for row in planned(UNSEEN, brains)]
    truth = more[1].path / "truth" / "TWO_0901.json"
    truth.write_bytes(truth.read_bytes().replace(b"4500", b"4400"))
    assert all(one.trial != other.trial for one, other in zip(planned(UNSEEN, more), planned(UNSEEN, brains), strict=True))


@pytest.fixture
def failing(brains, tmp_path, monkeypatch):
    """The same with encoders of which the one that has seen fewest areas diverges; nothing is really trained."""
    fails = [True]

    def scores(trial, _encoder, _run):
        if len(trial.features.unseen) == 2 and fails:
            raise TrainingDivergedError("the loss became nan")
        return CLASSIFIED

    monkeypatch.setattr(grid, "_scores", scores)
    return tmp_path, fails


GOLDEN = Path(__file__).parents[3] / "contract" / "fixtures" / "golden"
CLASSIFIED = ClassificationReport.model_validate_json((GOLDEN / "ClassificationReport.json").read_bytes())


def test_an_encoder_that_fails_is_told_stops_no_other_and_is_tried_again_the_next_time(failing, brains):
    out, fails = failing
    results = evaluate_features(UNSEEN, grid_run(brains, out))
    assert [each.scores.failure for each in results.rows] == ["the loss became nan"] * 2 + [""] * 2
    assert failures_of(results) == [("25 % (Areas the encoder has not seen)", "the loss became nan")]
    assert "not computed: 25 % (Areas the encoder has not seen): the loss became nan" in text_table(results)
    assert "the loss became nan" in render(results)
    fails.clear()
    assert [each.scores.failure for each in evaluate_features(UNSEEN, grid_run(brains, out)).rows] == [""] * 4


# -- telling it


def test_a_line_is_the_best_learning_rate_of_each_repetition(everything):
    rows = [each for each in everything if each.label == "75 %" and each.experiment == "unseen_areas"]
    faster = [
        each.model_copy(update={"trial": each.trial.model_copy(update={"features": with_rate(each.trial.features, 0.16)})})
        for each in rows
    ]
    f1 = iter((0.1, 0.5, 0.3, 0.4, 0.2, None))
    scored = [
        grid.ScoredRow(row=row, scores=grid.TrialScores(trial=row.trial, train=1, test=next(f1), transfer=0, seconds=1))
        for row in (*rows, *faster)
    ]
    (line,) = lines_of(scored)
    assert (line.test, line.rates, line.value) == ((0.4, 0.5, 0.3), (0.16, 0.08), 75)


def with_rate(features, rate):
    return features.model_copy(update={"settings": features.settings.model_copy(update={"learning_rate": rate})})


def test_the_page_holds_all_it_needs_and_every_row(computed):
    _, results, _ = computed
    page = render(results)
    assert page.count('src="data:image/png;base64,') == page.count("<img") == 1
    assert "http" not in page
    for label in ("25 %", "50 %", "75 %", "100 %"):
        assert f"<td>{label}</td>" in page
        assert label in text_table(results)
    assert "(thesis 6.2.4)" in page
