import pytest

from compute_service.ports import JobPaths
from compute_service.runner.__main__ import _leave


@pytest.mark.parametrize(("rank", "speaks"), [(None, True), ("0", True), ("1", False)])
def test_of_several_processes_the_first_leaves_the_outcome(tmp_path, monkeypatch, rank, speaks):
    monkeypatch.delenv("RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("RANK", rank)
    paths = JobPaths(tmp_path)
    _leave(paths, paths, "succeeded", "Done.")
    assert paths.outcome.exists() == speaks
