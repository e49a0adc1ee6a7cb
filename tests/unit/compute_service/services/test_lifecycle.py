import pytest

from compute_service.services.lifecycle import TRANSITIONS, IllegalTransition, JobEvent, next_state
from core.contracts.jobs import JobState

# The table of the design, written a second time by hand: - is refused.
TABLE = """
            submit     start    requeue    succeed    fail    cancel
created     submitted  -        -          -          failed  cancelled
submitted   -          running  -          succeeded  failed  cancelled
running     -          -        submitted  succeeded  failed  cancelled
succeeded   -          -        -          -          -       -
failed      -          -        -          -          -       -
cancelled   -          -        -          -          -       -
"""
HEAD, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [(row[0], event, cell) for row in ROWS for event, cell in zip(HEAD, row[1:], strict=True)]


def test_every_state_and_event_is_in_the_table():
    assert set(HEAD) == set(JobEvent)
    assert {row[0] for row in ROWS} == set(JobState) == set(TRANSITIONS)


@pytest.mark.parametrize(("state", "event", "expected"), [cell for cell in CELLS if cell[2] != "-"])
def test_an_allowed_event_leads_where_the_table_says(state, event, expected):
    assert next_state(JobState(state), JobEvent(event)) is JobState(expected)


@pytest.mark.parametrize(("state", "event"), [cell[:2] for cell in CELLS if cell[2] == "-"])
def test_a_dash_is_refused_and_names_what_is_allowed(state, event):
    with pytest.raises(IllegalTransition) as refused:
        next_state(JobState(state), JobEvent(event))
    for allowed in TRANSITIONS[JobState(state)] or ("nothing",):
        assert allowed in str(refused.value)


@pytest.mark.parametrize("state", JobState)
def test_every_state_can_reach_an_end(state):
    reached, edge = {state}, [state]
    while edge:
        edge = [after for before in edge for after in TRANSITIONS[before].values() if after not in reached]
        reached.update(edge)
    assert any(after.ended for after in reached)


@pytest.mark.parametrize("state", JobState)
def test_the_ended_states_are_those_that_nothing_leaves(state):
    assert state.ended == (not TRANSITIONS[state])
