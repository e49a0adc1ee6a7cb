import pytest

from compute_service.runner.ranks import SIZES, MpiMissingError, Ranks, WrongSizeError, find_ranks


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", *SIZES):
        monkeypatch.delenv(name, raising=False)


def test_a_job_of_one_process_needs_no_mpi(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mpi4py", None)
    ranks = find_ranks(1)
    assert (ranks, ranks.speaks, ranks.name) == (Ranks(), True, "")


def test_torchrun_s_word_is_taken(monkeypatch):
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    ranks = find_ranks(4)
    assert (ranks.rank, ranks.size, ranks.speaks) == (2, 4, False)
    assert ranks.name.startswith("process 3 of 4, on ")


def test_more_processes_than_asked_for_are_refused(monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(WrongSizeError, match="asks for 2 processes, and 4 were started"):
        find_ranks(2)


def test_missing_mpi_is_said_with_the_remedy(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mpi4py", None)
    with pytest.raises(MpiMissingError, match=r"asks for 2 processes.*brodmann\[mpi\]"):
        find_ranks(2)
