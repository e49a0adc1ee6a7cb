import pytest

from compute_service.runner.ranks import SIZES, MpiMissingError, Ranks, WrongSizeError, find_ranks
from core.contracts.jobs import Resources


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", *SIZES):
        monkeypatch.delenv(name, raising=False)


def test_a_job_of_one_process_needs_no_mpi(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mpi4py", None)
    ranks = find_ranks(Resources())
    assert (ranks, ranks.speaks, ranks.name) == (Ranks(), True, "")


def test_torchrun_s_word_is_taken(monkeypatch):
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    ranks = find_ranks(Resources(processes=4))
    assert (ranks.rank, ranks.size, ranks.speaks) == (2, 4, False)
    assert ranks.name.startswith("process 3 of 4, on ")


def test_without_mpi_a_process_starts_its_readers_itself(monkeypatch):
    assert find_ranks(Resources()).open_stage is None
    alone = find_ranks(Resources(readers=2))
    assert (alone.size, alone.reads, alone.open_stage is None) == (1, False, False)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    ranks = find_ranks(Resources(processes=2, readers=3))
    assert (ranks.rank, ranks.size, ranks.open_stage is None) == (1, 2, False)


def test_more_processes_than_asked_for_are_refused(monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(WrongSizeError, match="asks for 2 processes, and 4 were started"):
        find_ranks(Resources(processes=2))


def test_missing_mpi_is_said_with_the_remedy(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mpi4py", None)
    with pytest.raises(MpiMissingError, match=r"asks for 2 processes.*brodmann\[mpi\]"):
        find_ranks(Resources(processes=2))
