import os
import subprocess
import sys
from dataclasses import replace

import pytest

from compute_service.schedulers.processes import Identity, is_alive, kill_all, own_identity, session_members

LEADER_WITH_CHILD = """
import subprocess, sys
from compute_service.schedulers.processes import own_identity
child = subprocess.Popen(["sleep", "3600"])
me = own_identity()
print(me.start_ticks, me.boot_id, child.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def session():
    """A process that leads a session with one child: (process, its identity, the child's pid)."""
    leader = subprocess.Popen(
        (sys.executable, "-c", LEADER_WITH_CHILD),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with leader:
        ticks, boot_id, child = leader.stdout.readline().split()
        identity = Identity(leader.pid, int(ticks), boot_id)
        yield leader, identity, int(child)
        kill_all(session_members(identity))


def test_this_process_is_alive():
    assert is_alive(own_identity())


@pytest.mark.parametrize("changes", [{"start_ticks": 1}, {"boot_id": "another boot"}, {"pid": 2**22 + 1}])
def test_a_reused_number_is_not_the_same_process(changes):
    assert not is_alive(replace(own_identity(), **changes))


def test_a_session_has_its_leader_and_the_leaders_children(session):
    leader, identity, child = session
    assert sorted(session_members(identity)) == sorted([leader.pid, child])


def test_a_zombie_is_not_alive_though_kill_says_so(session):
    leader, identity, _ = session
    kill_all([leader.pid])
    os.waitid(os.P_PID, leader.pid, os.WEXITED | os.WNOWAIT)  # Ended, and not reaped: a zombie.
    os.kill(leader.pid, 0)
    assert not is_alive(identity)


def test_children_are_found_after_their_leaders_death(session):
    leader, identity, child = session
    kill_all([leader.pid])
    leader.wait()
    assert session_members(identity) == [child]


def test_a_session_of_another_process_with_the_same_number_is_left_alone(session):
    _, identity, _ = session
    assert session_members(replace(identity, start_ticks=identity.start_ticks - 1)) == []
    assert session_members(replace(identity, boot_id="another boot")) == []
