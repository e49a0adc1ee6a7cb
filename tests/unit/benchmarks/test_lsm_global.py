"""The figures of global models beside local ones, on scores that are known, and what each method trains."""

from typing import cast

import pytest

from benchmarks.lsm_global import METHODS, figures_of, plan_for
from core.datasets import BrainFolder
from core.tasks.evaluate import EvaluationInputError
from tests.unit.benchmarks.test_lsm_quality import scored


def test_scores_of_both_local_models_of_an_area_are_taken_together() -> None:
    local = [scored("lr_unet", "hOc1", (0.9, 0.7)), scored("lr_unet", "hOc1", (0.8, 0.6), (0.7, 0.5))]
    whole = [scored("lr_unet", "hOc1", (0.6, 0.7), (0.6, 0.6), (0.9, 0.5))]
    figures = {figure.name: figure.value for figure in figures_of({"lsm": local, "gsm": whole})}
    assert figures["gsm.lsm.f1.B20.hOc1"] == figures["gsm.lsm.f1_median"] == 0.8
    assert figures["gsm.gsm.f1.B20.hOc1"] == 0.6
    assert figures["gsm.gsm.f1_mean"] == pytest.approx(0.7)
    assert figures["gsm.lsm.f1_least"] == 0.7
    assert figures["gsm.interpolation.f1.B20.hOc1"] == 0.6


def test_methods_of_which_a_model_is_missing_are_not_compared() -> None:
    failed = scored("lr_unet", "hOc1").model_copy(update={"areas": (), "failure": "the loss became nan"})
    with pytest.raises(EvaluationInputError, match="the loss became nan"):
        figures_of({"lsm": [failed], "gsm": [scored("lr_unet", "hOc1", (0.6, 0.7))]})


def test_the_long_global_model_learns_as_long_as_both_local_ones_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.lsm_quality.tested_areas", lambda brain: ("hOc1", "hOc2"))
    plans = {method: plan_for(cast("BrainFolder", None), method, 200) for method in METHODS}
    assert {plan.spacings for plan in plans.values()} == {(60,)}
    assert [plan.paradigms for plan in plans.values()] == [("lsm",), ("gsm",), ("gsm",)]
    settings = {method: plan.settings[0] for method, plan in plans.items()}
    assert settings["lsm"] == settings["gsm"]
    assert (settings["gsm"].iterations, settings["gsm_long"].iterations) == (200, 400)
    assert settings["gsm_long"].halve_learning_rate_at == tuple(2 * step for step in settings["gsm"].halve_learning_rate_at)
