"""What people see of a job's results while they are brought into the brain."""

from pathlib import Path

import numpy as np

from core.contracts.api import NewBrainJob
from core.contracts.datasets import RasterGrid
from core.contracts.jobs import JobState, ResultState
from core.tasks.compute_tissue import write_section
from tests.fakes.brain_folder import write_small_brain
from tests.unit.backend.installation import Installation


def result_files(folder: Path, number: int) -> dict[str, bytes]:
    """What a tissue job leaves of one section: all white matter."""
    folder.mkdir()
    grid = RasterGrid(pixel_size_um=64.0, width_px=87, height_px=62)
    write_section(folder, number, np.ones((62, 87), np.uint8), grid)
    return {f"tissue/{file.name}": file.read_bytes() for file in folder.iterdir()}


def test_the_results_of_an_ended_job_wait_until_they_are_in_the_brain(tmp_path: Path) -> None:
    write_small_brain(tmp_path / "brains")
    installation = Installation(tmp_path / "brains", tmp_path / "blobs")
    services = installation.services
    key = services.brain_jobs.create("ada", "SMALL", NewBrainJob(key="b" * 32, kind="tissue", sections=(901,))).report.key
    installation.compute.finish(key, result_files(tmp_path / "results", 901))
    services.dispatch.watch()
    [ended] = services.brain_jobs.all("SMALL").jobs
    assert (ended.report.state, ended.report.result_state) == (JobState.SUCCEEDED, ResultState.WAITING)
    services.fetching.fetch_ready()
    [done] = services.brain_jobs.all("SMALL").jobs
    assert done.report.result_state == ResultState.READY
    assert done.report.results == ()
