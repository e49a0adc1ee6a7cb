"""The crowd's account finds what is missing: it must be able to fail."""

from typing import Any

from benchmarks.crowd_clients import Log, account


def history(*marks: float) -> list[dict[str, Any]]:
    """Revisions of one region, each with its mark."""
    return [{"version": version, "action": "saved", "paths": [[[mark, 0.0]]]} for version, mark in enumerate(marks, 1)]


def log(*edits: tuple[str, int, float]) -> Log:
    return Log(acknowledged=list(edits))


def counted(logs: list[Log], histories: dict[str, list[dict[str, Any]]]) -> tuple[int, int]:
    outcome = account(logs, histories, 0)
    return outcome.lost, outcome.doubled


def test_edits_that_are_in_the_history_once_are_neither_lost_nor_doubled() -> None:
    deleted = [*history(1.0), {"version": 2, "action": "deleted", "paths": [[[1.0, 0.0]]]}]
    assert counted([log(("a", 1, 1.0)), log(("b", 1, 1.0), ("b", 2, 7.0))], {"a": deleted, "b": history(1.0, 7.0)}) == (0, 0)


def test_an_edit_overwritten_at_its_version_is_lost() -> None:
    assert counted([log(("a", 1, 1.0)), log(("a", 1, 2.0))], {"a": history(2.0)}) == (1, 0)


def test_a_gap_in_a_history_is_a_loss() -> None:
    assert counted([log(("a", 3, 3.0))], {"a": [history(1.0)[0], {**history(3.0)[0], "version": 3}]}) == (1, 0)


def test_an_edit_stored_twice_is_doubled() -> None:
    assert counted([log(("a", 1, 1.0))], {"a": history(1.0, 1.0)}) == (0, 1)
