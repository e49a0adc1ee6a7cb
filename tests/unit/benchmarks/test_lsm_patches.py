"""Patches of different sides get the same processor time, and what they cost is what their training took."""

from pathlib import Path
from typing import cast

import pytest

from benchmarks import lsm_patches
from benchmarks.lsm_patches import AREAS, PATCHES, SECONDS_FILE, Patches, figures_of, plan_for, scored, timed_steps
from core.contracts.presets import PRESETS
from core.datasets import BrainFolder
from core.tasks.evaluate_grid import GridPlan, GridRun
from tests.unit.benchmarks.test_lsm_quality import scored as scores_of

PLAN = GridPlan(areas=AREAS, first=901, last=1021, spacings=(120,), settings=(PRESETS["demo"].settings,))


def test_every_side_of_patches_gets_the_same_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.lsm_quality.tested_areas", lambda brain: AREAS)
    for patches in PATCHES.values():
        settings = plan_for(cast("BrainFolder", None), patches, 120).settings[0]
        assert (settings.output_px, settings.batch_size) == (patches.output_px, patches.batch_size)
        assert settings.iterations * patches.step_s == pytest.approx(120, abs=patches.step_s / 2)


def test_each_area_has_its_median_and_both_together_have_theirs() -> None:
    models = [scores_of("lr_unet", "hOc2", (0.9, 0.5), (0.8, 0.5), (0.1, 0.5)), scores_of("lr_unet", "hOc3", (0.6, 0.5))]
    figures = {figure.name: figure.value for figure in figures_of("B20.60s.2x128", models, 61.5)}
    assert figures == {
        "patches.B20.60s.2x128.processor_s": 61.5,
        "patches.B20.60s.2x128.f1.hOc2": 0.8,
        "patches.B20.60s.2x128.f1.hOc3": 0.6,
        "patches.B20.60s.2x128.f1": pytest.approx(0.7),
    }


def test_an_interrupted_training_is_done_anew_and_a_finished_one_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A training that went on from a checkpoint would have taken fewer seconds than it cost."""
    out, trainings = tmp_path / "run", []
    found = scores_of("lr_unet", "hOc2", (0.9, 0.5))
    run = GridRun((cast("BrainFolder", None),), out, lambda progress: None, lambda: False)

    def train(model: object, folder: object, where: GridRun) -> None:
        trainings.append((out / "checkpoint").exists())
        out.mkdir(exist_ok=True)
        (out / "checkpoint").touch()
        if len(trainings) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(lsm_patches, "planned", lambda plan, brains: ([found.model], []))
    monkeypatch.setattr(lsm_patches, "trained", train)
    monkeypatch.setattr(lsm_patches, "evaluate_grid", lambda plan, where: type("Results", (), {"models": (found,)}))
    with pytest.raises(KeyboardInterrupt):
        scored(PLAN, run)
    first = scored(PLAN, run)
    assert trainings == [False, False]
    assert first[0] == (found,)
    assert scored(PLAN, run) == first
    assert len(trainings) == 2
    assert (out / SECONDS_FILE).exists()


def test_twice_the_side_is_four_times_the_pixels_learnt_in_a_step() -> None:
    small, large = ({figure.unit: figure.value for figure in timed_steps(Patches(side, 1, 1.0), steps=2)} for side in (32, 64))
    assert large["px/s"] * large["s"] == pytest.approx(4 * small["px/s"] * small["s"])
    assert small["s"] > 0
