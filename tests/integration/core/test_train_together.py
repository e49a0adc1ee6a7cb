"""Several processes learn what one learns from the joint batch."""

import os
import socket
import subprocess
import sys

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from core.training.peers import PeersError, joined


def start(folder, count, *arguments):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    together = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    return [
        subprocess.Popen(
            [sys.executable, "-m", "tests.integration.core.train_together", str(folder), *arguments],
            env=os.environ | together | {"RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(count)
    ]


def finish(processes):
    """(exit status, last lines of the error output) of each."""
    return [(error, process.returncode) for process in processes for error in [process.communicate(timeout=240)[1]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("together")
    for error, status in finish(start(place, 2)) + finish(start(place, 1)):
        assert status == 0, error
    return place


def test_two_processes_learn_what_one_learns_from_the_joint_batch(folder):
    alone, first, second = (load_file(folder / f"{name}.safetensors") for name in ("1-0", "2-0", "2-1"))
    for name, value in alone.items():
        assert torch.equal(first[name], second[name]), name
        torch.testing.assert_close(first[name], value, rtol=1e-5, atol=1e-6, msg=lambda text, name=name: f"{name}: {text}")


def test_loss_and_f1_are_told_of_the_joint_batch(folder):
    told = []
    for name in ("1-0", "2-0", "2-1"):
        with safe_open(folder / f"{name}.safetensors", framework="pt") as file:
            told.append({key: float(value) for key, value in file.metadata().items()})
    assert told[1] == told[2]
    assert told[1] == pytest.approx(told[0], rel=1e-6)


def test_a_lost_process_ends_the_training_with_a_message(tmp_path):
    (first_error, first_status), (_, second_status) = finish(start(tmp_path, 2, "1"))
    assert second_status == 3
    assert first_status == 1
    assert "another process of this training ended before its time" in first_error


def test_processes_that_do_not_find_one_another_are_told_what_to_set(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(PeersError, match="start them with torchrun"), joined():
        pass
