"""Several processes that contrast their patches with those of all find the gradients of one process."""

import json
import os
import socket
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from core.training import course
from core.training.peers import Peers
from tests.integration.core.gather_together import CASES, LEARNING, OF, learnt, trained


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("gathered")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    together = {"WORLD_SIZE": str(OF), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.integration.core.gather_together", str(place)],
            env=os.environ | together | {"RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(OF)
    ]
    for error, status in [(process.communicate(timeout=240)[1], process.returncode) for process in processes]:
        assert status == 0, error
    return place


@pytest.mark.parametrize("case", CASES)
def test_four_processes_find_the_loss_gradients_and_statistics_of_one(folder, case):
    alone = learnt(case, Peers())
    assert all(float(alone[name].abs().max()) > 1e-4 for name in alone if name != "head.0.bias")
    for rank in range(OF):
        found = load_file(folder / f"{case} {rank}.safetensors")
        assert found.keys() == alone.keys()
        for name, value in alone.items():
            torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-7, msg=f"{name} of process {rank} differs")


def test_four_processes_stop_after_the_same_step_and_go_on_as_if_they_had_not(folder):
    told = [json.loads((folder / f"told {rank}.json").read_text()) for rank in range(OF)]
    assert [each["stopped after"] for each in told] == [2] * OF
    assert all(each["parts"] == each["whole"] and len(each["whole"]) == 4 for each in told)
    first = load_file(folder / "straight 0.safetensors")
    for name in [*(f"straight {rank}" for rank in range(1, OF)), *(f"parts {rank}" for rank in range(OF))]:
        other = load_file(folder / f"{name}.safetensors")
        assert all(torch.equal(other[key], value) for key, value in first.items()), name


def test_four_processes_tell_the_loss_of_the_joint_batch(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(course, "REPORT_EVERY_S", 0.0)
    monkeypatch.setattr("tests.integration.core.gather_together.LEARNING", LEARNING.model_copy(update={"pass_size": 3 * OF}))
    _, _, alone = trained(tmp_path, Peers())
    together = json.loads((folder / "told 0.json").read_text())["whole"]
    assert together == pytest.approx(alone, rel=1e-2)
