import pytest

from compute_service.ports import JobPaths
from compute_service.runner.__main__ import _leave
from core.contracts.jobs import Outcome


@pytest.mark.parametrize("later", ["succeeded", "failed"])
def test_of_several_processes_the_first_word_counts(tmp_path, later):
    paths = JobPaths(tmp_path)
    _leave(paths, paths, "failed", "No memory.")
    _leave(paths, paths, later, "Another process was lost.")
    assert Outcome.model_validate_json(paths.outcome.read_bytes()).message == "No memory."
    assert [path.name for path in tmp_path.iterdir()] == ["outcome.json"]
