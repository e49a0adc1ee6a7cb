"""`brodmann evaluate lsm --through` on the tiny phantom: real jobs of a scheduler here, and of a running compute service."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from brodmann import evaluation_jobs
from brodmann.cli import main
from core.datasets import adopt_truth
from core.phantom import build
from core.tasks.evaluate_grid import GridResults
from tests.integration.compute_service.installation import Installation

CHOICES = ["--area", "hOc1", "--ends", "901", "941", "--preset", "tiny", "--iterations", "1", "--middle-third"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory):
    installation = Installation(tmp_path_factory.mktemp("compute"))
    brain = installation.brain.path.parent / "TINY"
    build(brain, "tiny", workers=1)
    adopt_truth(brain)
    yield installation
    installation.stop()


def evaluate(service: Installation, out: Path, *through: str) -> Result:
    brain = service.brain.path.parent / "TINY"
    return CliRunner().invoke(main, ["evaluate", "lsm", str(brain), *CHOICES, "--out", str(out), "--through", *through])


def scores(out: Path) -> list[int]:
    results = GridResults.model_validate_json((out / "results.json").read_bytes())
    assert [model.failure for model in results.models] == [""]
    return [score.section for score in results.models[0].areas[0].sections]


def jobs_in(folder: Path) -> dict[str, int]:
    """By key the attempts of each job that succeeded."""
    states = {path.parent.name: json.loads(path.read_text()) for path in folder.glob("*/state.json")}
    return {key: state["attempts"] for key, state in states.items() if state["state"] == "succeeded"}


def test_jobs_of_this_machine_are_scored_and_found_again(service: Installation, tmp_path: Path) -> None:
    answer = evaluate(service, tmp_path, "local")
    assert answer.exit_code == 0, answer.output
    assert scores(tmp_path) == [921]
    jobs = jobs_in(tmp_path / "jobs")
    assert list(jobs.values()) == [1, 1]
    shutil.rmtree(tmp_path / "TINY")
    assert evaluate(service, tmp_path, "local").exit_code == 0
    assert (scores(tmp_path), jobs_in(tmp_path / "jobs")) == ([921], jobs)


def test_a_compute_service_runs_the_jobs(service: Installation, tmp_path: Path) -> None:
    token = service.jobs.parent / "token"
    answer = evaluate(service, tmp_path, f"http://{service.address}", "--token-file", str(token))
    assert answer.exit_code == 0, answer.output
    assert scores(tmp_path) == [921]
    assert list(jobs_in(service.jobs).values()) == [1, 1]
    assert not (tmp_path / "jobs").exists()


def test_two_commands_do_not_run_the_same_jobs(service: Installation, tmp_path: Path) -> None:
    with evaluation_jobs._only_one(tmp_path / "jobs"):
        answer = evaluate(service, tmp_path, "local")
    assert "another evaluation is running" in answer.output


@pytest.mark.parametrize("where", ["cluster", "ftp://there"])
def test_a_place_that_is_none_is_refused_with_those_there_are(service: Installation, tmp_path: Path, where: str) -> None:
    answer = evaluate(service, tmp_path, where)
    assert answer.exit_code == 2
    assert "--through takes local, or the address" in answer.output
