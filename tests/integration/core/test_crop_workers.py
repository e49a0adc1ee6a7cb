"""Crops read by other processes are those that threads read."""

import multiprocessing
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from core.pipeline import WorkerFailedError
from core.training.crops import crop_batches, crop_processes
from tests.fakes.patches import small_reader

MPIEXEC = Path(sys.executable).with_name("mpiexec")


@pytest.fixture
def reader(tmp_path):
    return small_reader(tmp_path)


def test_worker_processes_read_what_threads_read(reader):
    batches = np.array_split(np.arange(len(reader.sites)), 5)
    with crop_processes(reader, 2) as stage:
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
    with crop_processes(reader, 1) as stage, pytest.raises(WorkerFailedError, match="there is no such file"):
        next(crop_batches(reader, [np.arange(3)], None, stage))


@pytest.mark.skipif(find_spec("mpi4py") is None or not MPIEXEC.exists(), reason="needs MPI: pip install 'brodmann[mpi]'")
def test_ranks_read_what_threads_read(reader, tmp_path):
    command = [str(MPIEXEC), "-n", "2", sys.executable, "-m", "tests.integration.core.crop_ranks", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    batches = np.array_split(np.arange(len(reader.sites)), 5)
    found = np.load(tmp_path / "crops.npz")
    for number, expected in enumerate(crop_batches(reader, batches, 7)):
        np.testing.assert_array_equal(found[f"arr_{number}"], expected.images.numpy())
