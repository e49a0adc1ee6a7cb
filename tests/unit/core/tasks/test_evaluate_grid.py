import pytest

from core.contracts.presets import PRESETS, variant
from core.tasks.context import JobInterruptedError
from core.tasks.evaluate import EvaluationInputError
from core.tasks.evaluate_grid import RESULTS_FILE, GridPlan, GridResults, GridRun, evaluate_grid, planned, scored_sections
from core.tasks.grid_report import INTERPOLATION, render, scores_of, text_table
from tests.fakes.tasks import AREA

PLAN = GridPlan(
    areas=(AREA,),
    first=901,
    last=941,
    spacings=(20,),
    paradigms=("lsm", "gsm"),
    settings=(variant(PRESETS["tiny"].settings, "lr_unet", 1).model_copy(update={"batch_size": 1}),),
)


def grid_run(brain, out, reports=None, stop=lambda: False):
    return GridRun((brain,), out, [].append if reports is None else reports.append, stop)


def written(out):
    return {file.relative_to(out): file.stat().st_mtime_ns for file in out.rglob("scores.json")}


@pytest.fixture(scope="module")
def computed(tiny_brain, tmp_path_factory):
    """A grid that was stopped after its first model and then went on, and the files there were when it was stopped."""
    out = tmp_path_factory.mktemp("grid")
    with pytest.raises(JobInterruptedError, match="stopped after 1 of 3 models"):
        evaluate_grid(PLAN, grid_run(tiny_brain, out, stop=lambda: bool(written(out))))
    stopped = written(out)
    return out, evaluate_grid(PLAN, grid_run(tiny_brain, out)), stopped


def test_local_models_score_their_own_interval_and_the_global_one_all(computed):
    _, results, _ = computed
    scored = {(e.model.paradigm, e.model.sections): [s.section for s in e.areas[0].sections] for e in results.models}
    assert scored == {
        ("lsm", (901, 921)): [911],
        ("lsm", (921, 941)): [931],
        ("gsm", (901, 921, 941)): [911, 931],
    }


def test_the_results_file_holds_what_was_returned(computed):
    out, results, _ = computed
    assert GridResults.model_validate_json((out / RESULTS_FILE).read_bytes()) == results


def test_what_is_done_is_not_done_again(computed, tiny_brain):
    out, results, _ = computed
    before, reports = written(out), []
    assert evaluate_grid(PLAN, grid_run(tiny_brain, out, reports)).models == results.models
    assert written(out) == before
    assert not reports


def test_a_grid_that_was_stopped_keeps_what_was_done(computed):
    out, _, stopped = computed
    assert len(stopped) == 1
    assert stopped.items() <= written(out).items()


def test_a_folder_of_other_settings_is_refused(computed, tiny_brain):
    out, *_ = computed
    other = PLAN.model_copy(update={"settings": (variant(PRESETS["tiny"].settings, "lr_unet", 2),)})
    with pytest.raises(EvaluationInputError, match="other settings; choose another folder"):
        evaluate_grid(other, grid_run(tiny_brain, out))


def sections_of(results):
    return [score.section for score in results.models[0].areas[0].sections]


def test_other_sections_are_scored_anew_by_the_model_that_is_there(tiny_brain, tmp_path):
    """The whole interval after its middle third, and the other way round; the network is trained once."""
    whole = PLAN.model_copy(update={"spacings": (40,)})
    middle = whole.model_copy(update={"middle_third": True})
    assert sections_of(evaluate_grid(middle, grid_run(tiny_brain, tmp_path))) == [921]
    (description,) = tmp_path.rglob("model.json")
    trained_at = description.stat().st_mtime_ns
    assert sections_of(evaluate_grid(whole, grid_run(tiny_brain, tmp_path))) == [911, 921, 931]
    assert sections_of(evaluate_grid(middle, grid_run(tiny_brain, tmp_path))) == [921]
    assert description.stat().st_mtime_ns == trained_at

    (scores,) = tmp_path.rglob("scores.json")
    scores.unlink()  # as when it was killed between training and scoring
    other = whole.model_copy(update={"settings": (whole.settings[0].model_copy(update={"learning_rate": 0.5}),)})
    with pytest.raises(EvaluationInputError, match="other settings; choose another folder"):
        evaluate_grid(other, grid_run(tiny_brain, tmp_path))


def test_an_area_that_is_not_outlined_is_left_out_in_words(tiny_brain):
    models, left_out = planned(PLAN.model_copy(update={"areas": (AREA, "hOc9")}), (tiny_brain,))
    assert {model.areas for model in models} == {(AREA,)}
    assert left_out == ["hOc9 in TINY every 20 sections: not outlined on section 901, 921, 941"]


def test_a_global_model_of_two_sections_is_the_local_one_and_left_out(tiny_brain):
    models, _ = planned(PLAN.model_copy(update={"spacings": (40,)}), (tiny_brain,))
    assert [model.paradigm for model in models] == ["lsm"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"spacings": (30,)}, "take a divisor"),
        ({"spacings": (5,)}, "no section 906"),
        ({"areas": ("hOc9",)}, "nothing to compare"),
    ],
)
def test_a_plan_that_cannot_be_is_told(tiny_brain, changes, words):
    with pytest.raises(EvaluationInputError, match=words):
        planned(PLAN.model_copy(update=changes), (tiny_brain,))


def test_the_middle_third_is_between_each_two_training_sections(tiny_brain):
    assert scored_sections(tiny_brain.brain, (901, 941), middle_third=True) == (921,)
    assert scored_sections(tiny_brain.brain, (901, 941), middle_third=False) == (911, 921, 931)


def test_start_weights_stay_with_their_network():
    tiny = PRESETS["tiny"].settings
    assert variant(tiny, "lr_unet", 12).start_weights == tiny.start_weights
    assert variant(tiny, "ms_unet", 12).start_weights == "phantom-ms-unet-v2"
    assert variant(tiny, "hr_unet", 12).start_weights is None
    assert variant(PRESETS["standard"].settings, "lr_unet", 12).start_weights is None
    assert variant(tiny, "lr_unet", 12).halve_learning_rate_at == (8,)


def test_interpolation_counts_once_a_section(computed):
    _, results, _ = computed
    assert [score.section for score in scores_of(results) if score.method == INTERPOLATION] == [911, 931]


def test_the_page_holds_all_it_needs_and_every_method(computed, tiny_brain):
    out, results, _ = computed
    page = render(results, out, (tiny_brain,))
    assert page.count('src="data:image/png;base64,') == page.count("<img") == 3
    assert "http" not in page
    for method in ("LSM (LR)", "GSM (LR)", INTERPOLATION):
        assert f"<td>{method}</td>" in page
        assert method in text_table(results)
