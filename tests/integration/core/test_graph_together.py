"""Several processes learn on a graph what one learns from the joint batch."""

import os
import socket
import subprocess
import sys

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from tests.integration.core.graph_together import LAYERS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("graph")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    together = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.integration.core.graph_together", str(place)],
            env=os.environ | together | {"RANK": str(rank), "WORLD_SIZE": str(count)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, count in ((0, 1), (0, 2), (1, 2))
    ]
    for error, status in [(process.communicate(timeout=240)[1], process.returncode) for process in processes]:
        assert status == 0, error
    return place


@pytest.mark.parametrize("layer", LAYERS)
def test_two_processes_learn_on_a_graph_what_one_learns(folder, layer):
    alone, first, second = (load_file(folder / f"{layer}-{name}.safetensors") for name in ("1-0", "2-0", "2-1"))
    for name, value in alone.items():
        assert torch.equal(first[name], second[name]), name
        torch.testing.assert_close(first[name], value, rtol=1e-8, atol=1e-10, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("layer", LAYERS)
def test_both_tell_the_loss_of_the_joint_batch(folder, layer):
    losses = []
    for name in ("1-0", "2-0", "2-1"):
        with safe_open(folder / f"{layer}-{name}.safetensors", framework="pt") as file:
            losses.append(float(file.metadata()["loss"]))
    assert losses[1] == losses[2] == pytest.approx(losses[0], rel=1e-9)
