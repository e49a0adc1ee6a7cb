"""Crops read by other processes are those that threads read."""

import multiprocessing
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.pipeline import WorkerFailedError, processes_open
from core.training.crops import crop_batches, crop_stage
from core.training.peers import Peers
from tests.fakes.patches import small_reader
from tests.integration.core.read_and_gather import learnt

MPIEXEC = Path(sys.executable).with_name("mpiexec")


@pytest.fixture
def reader(tmp_path):
    return small_reader(tmp_path)


def test_worker_processes_read_what_threads_read(reader):
    batches = np.array_split(np.arange(len(reader.sites)), 5)
    with crop_stage(processes_open(2), reader) as stage:
        made = list(crop_batches(reader, batches, 7, stage))
    for crops, expected in zip(made, crop_batches(reader, batches, 7), strict=True):
        assert torch.equal(crops.images, expected.images)


def test_where_there_are_many_processors_processes_read_by_default(reader, monkeypatch):
    monkeypatch.setattr("core.training.crops.THREADS_SUFFICE", 0)
    monkeypatch.setattr("core.training.crops.MOST_WORKERS", 1)
    batches = np.array_split(np.arange(len(reader.sites)), 5)
    expected = list(crop_batches(reader, batches, 7, 1))
    with crop_batches(reader, batches, 7) as feed:
        assert torch.equal(next(feed).images, expected[0].images)
        assert [child.name for child in multiprocessing.active_children()] == ["data worker 1"]
    assert not multiprocessing.active_children()


def test_a_worker_process_that_cannot_read_says_which_file(reader):
    folder = reader.sites.brains[0].folder
    for section in folder.brain.sections:
        folder.section_path(section.number).unlink()
    with crop_stage(processes_open(1), reader) as stage, pytest.raises(WorkerFailedError, match="there is no such file"):
        next(crop_batches(reader, [np.arange(3)], None, stage))


@pytest.mark.skipif(find_spec("mpi4py") is None or not MPIEXEC.exists(), reason="needs MPI: pip install 'brodmann[mpi]'")
def test_four_ranks_of_which_two_read_find_the_loss_gradients_and_statistics_of_one_process(reader, tmp_path):
    command = [str(MPIEXEC), "-n", "4", sys.executable, "-m", "tests.integration.core.read_and_gather", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    alone = learnt(reader, Peers())
    assert all(float(alone[name].abs().max()) > 1e-6 for name in alone if name != "head.0.bias")
    for rank in range(2):
        found = load_file(tmp_path / f"{rank}.safetensors")
        assert found.keys() == alone.keys()
        for name, value in alone.items():
            torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-8, msg=f"{name} of process {rank} differs")
