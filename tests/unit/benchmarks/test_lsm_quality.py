"""The figures of quality, on scores that are known, and the rule by which areas are chosen."""

import pytest

from benchmarks.lsm_quality import figures_of
from core.contracts.presets import PRESETS, variant
from core.contracts.training import Architecture
from core.tasks.evaluate import EvaluationInputError, SectionScore
from core.tasks.evaluate_grid import AreaScores, GridModel, ModelScores


def scored(network: Architecture, area: str, *pairs: tuple[float, float]) -> ModelScores:
    model = GridModel(
        brain="B20",
        areas=(area,),
        paradigm="lsm",
        spacing=120,
        sections=(901, 1021),
        settings=variant(PRESETS["demo"].settings, network, 10),
    )
    sections = tuple(
        SectionScore(
            section=941 + index,
            f1_model=f1,
            f1_interpolation=other,
            border_um_model=None,
            border_um_interpolation=None,
            middle_third=True,
        )
        for index, (f1, other) in enumerate(pairs)
    )
    return ModelScores(model=model, areas=(AreaScores(area=area, sections=sections),), seconds=1.0)


def test_goals_bind_the_worst_interval_of_the_ms_network_not_the_median_over_all() -> None:
    good = scored("ms_unet", "hOc1", (0.98, 0.7), (0.97, 0.7), (0.2, 0.7))
    poor = scored("ms_unet", "hOc2", (0.8, 0.75), (0.8, 0.75), (0.9, 0.75))
    other = scored("lr_unet", "hOc2", (0.1, 0.75))
    figures = {figure.name: figure for figure in figures_of([other, good, poor])}
    assert figures["lsm.f1_middle"].value == 0.8
    assert figures["lsm.f1_middle"].holds is False
    assert figures["lsm.gain_over_interpolation"].value == pytest.approx(0.05)
    assert figures["lsm.f1_middle.B20.hOc1"].value == 0.97
    assert figures["lsm.f1_middle_all"].value == pytest.approx(0.85)
    assert figures["lsm.lr.f1_middle"].value == 0.1
    assert figures["lsm.lr.f1_middle"].goal is None


def test_without_one_of_the_models_there_are_no_figures() -> None:
    failed = scored("ms_unet", "hOc1").model_copy(update={"areas": (), "failure": "the loss became nan"})
    with pytest.raises(EvaluationInputError, match=r"hOc1.*the loss became nan"):
        figures_of([failed, scored("ms_unet", "hOc2", (0.9, 0.7))])
