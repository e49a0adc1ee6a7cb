"""A crowd on one section, as the benchmark has it but for seconds: nothing is lost, doubled or untold, on every store."""

from pathlib import Path

import pytest

from benchmarks.crowd import measured
from tests.integration.backend.conftest import SERVERS, NewDatabase

PEOPLE, SECONDS = 6, 3.0


@pytest.mark.parametrize("kind", ["sqlite", *SERVERS])
def test_a_crowd_loses_and_doubles_nothing(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    uri = ""
    if kind != "sqlite":
        new_database: NewDatabase = request.getfixturevalue("new_database")
        uri = new_database(kind)
    outcome = measured(tmp_path, SECONDS, uri, PEOPLE)
    assert (outcome.lost, outcome.doubled, outcome.untold) == (0, 0, 0)
    assert outcome.saves >= PEOPLE
