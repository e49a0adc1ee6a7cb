"""`brodmann evaluate features` on small brains of noise: here, and as real jobs of a scheduler of this machine."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from brodmann.cli import main
from core.contracts.features import PatchSettings
from core.tasks.evaluate_features import FeatureGridResults
from core.tasks.feature_experiments import EXPERIMENTS, SIZES, Experiment, Variation
from tests.fakes.patches import outlined_brain
from tests.integration.brodmann.test_evaluate_jobs import jobs_in


@pytest.fixture
def brains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    patches = PatchSettings(pixel_size_um=8.0, patch_px=64, patches_per_area=2)
    settings = SIZES["demo"].settings.model_copy(update={"patches": patches, "epochs": 1, "batch_size": 4})
    one = Experiment("One encoder", "6.2.2", "6.5", "nothing", (Variation("the only one"),))
    monkeypatch.setitem(SIZES, "demo", replace(SIZES["demo"], settings=settings, patch_px={"small": 64, "large": 64}))
    monkeypatch.setitem(EXPERIMENTS, "one", one)
    return [str(outlined_brain(tmp_path / "brains", name).path) for name in ("ONE", "TWO")]


def evaluate(brains: list[str], out: Path, *more: str) -> Result:
    arguments = ["evaluate", "features", *brains, "--transfer", "TWO", "--out", str(out), *more]
    return CliRunner().invoke(main, arguments)


def test_scores_come_from_this_process_and_from_jobs_of_this_machine(brains: list[str], tmp_path: Path) -> None:
    for name, through in (("here", ()), ("jobs", ("--through", "local"))):
        answer = evaluate(brains, tmp_path / name, "--experiment", "one", *through)
        assert answer.exit_code == 0, answer.output
        assert "the only one" in answer.output
        assert (tmp_path / name / "results.html").exists()
        results = FeatureGridResults.model_validate_json((tmp_path / name / "results.json").read_bytes())
        (row,) = results.rows
        assert row.scores.failure == ""
        assert row.scores.test is not None
        assert row.scores.transfer is not None
    assert list(jobs_in(tmp_path / "jobs" / "jobs").values()) == [1, 1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--experiment", "colour"), "no experiment 'colour'; there are baseline"),
        (("--preset", "huge"), "no preset 'huge'; there are demo, standard"),
        (("--through", "cluster"), "--through takes local, or the address"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(
    brains: list[str], tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    answer = evaluate(brains, tmp_path / "out", *arguments)
    assert answer.exit_code == 2
    assert words in answer.output
