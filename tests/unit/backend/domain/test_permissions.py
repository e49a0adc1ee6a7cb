"""The table of roles."""

from datetime import UTC, datetime

import pytest

from backend.domain.errors import ForbiddenError, NotFoundError
from backend.domain.permissions import LEAST_ROLE, RANK, Action, require
from core.contracts.projects import Member, Project, Role

PROJECT = Project(
    id="p",
    title="p",
    brain="B",
    areas=("hOc1",),
    members=(
        Member(user="v", role="viewer"),
        Member(user="a", role="annotator"),
        Member(user="m", role="manager"),
    ),
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def allowed(user: str) -> set[Action]:
    found = set()
    for action in Action:
        try:
            require(PROJECT, user, action)
        except ForbiddenError:
            continue
        found.add(action)
    return found


def test_every_action_has_a_least_role() -> None:
    assert set(LEAST_ROLE) == set(Action)


def test_a_higher_role_may_all_that_a_lower_one_may() -> None:
    assert allowed("v") == {Action.LOOK}
    assert allowed("a") == set(Action) - {Action.MANAGE}
    assert allowed("m") == set(Action)


@pytest.mark.parametrize("action", Action)
def test_to_a_stranger_there_is_no_such_project(action: Action) -> None:
    with pytest.raises(NotFoundError, match="no project p among yours"):
        require(PROJECT, "stranger", action)


def test_every_role_of_the_contract_has_a_rank() -> None:
    assert set(RANK) == set(Role.__args__)  # type: ignore[attr-defined]
