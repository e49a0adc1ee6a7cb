import os

import pytest

from compute_service.settings import Settings, SettingsError


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "brains").mkdir()
    (tmp_path / "token").write_text("t" * 32 + "\n")
    return {
        "BRODMANN_BRAINS": str(tmp_path / "brains"),
        "BRODMANN_JOBS": str(tmp_path / "new" / "jobs"),
        "BRODMANN_COMPUTE_TOKEN_FILE": str(tmp_path / "token"),
    }


def test_a_complete_environment_is_read(environment):
    settings = Settings.from_environment(environment | {"BRODMANN_COMPUTE_SLOTS_CPUS": "6"})
    assert settings.slots_cpus == 6
    assert settings.token() == "t" * 32
    assert settings.jobs.is_dir()


def test_the_slots_are_this_machines_processors_where_nothing_is_said(environment):
    assert Settings.from_environment(environment).slots_cpus == len(os.sched_getaffinity(0))


def test_every_problem_is_named_at_once():
    wrong = {"BRODMANN_BRAINS": "/no/such", "BRODMANN_COMPUTE_SLOTS_CPUS": "0", "BRODMANN_COMPUTE_STOP_GRACE_S": "nan"}
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment(wrong)
    named = [problem.split(":")[0].split(" ")[0] for problem in raised.value.problems]
    assert named == [
        "BRODMANN_BRAINS",
        "BRODMANN_JOBS",
        "BRODMANN_COMPUTE_TOKEN_FILE",
        "BRODMANN_COMPUTE_SLOTS_CPUS",
        "BRODMANN_COMPUTE_STOP_GRACE_S",
    ]


@pytest.mark.parametrize("token", ["short", "ü" * 40])
def test_a_weak_token_is_refused_without_being_shown(environment, tmp_path, token):
    (tmp_path / "token").write_text(token)
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment(environment)
    assert "32" in str(raised.value)
    assert token not in str(raised.value)


def test_a_jobs_folder_that_cannot_be_made_is_named(environment, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="BRODMANN_JOBS"):
        Settings.from_environment(environment | {"BRODMANN_JOBS": str(tmp_path / "file" / "jobs")})


def test_a_cluster_profile_is_read_and_its_problems_are_among_the_others(environment, tmp_path):
    profile = tmp_path / "cluster.yaml"
    profile.write_text("name: c\npartitions: []\n")
    wrong = environment | {"BRODMANN_CLUSTER_PROFILE": str(profile), "BRODMANN_COMPUTE_SLOTS_CPUS": "0"}
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment(wrong)
    assert [problem.split(": ")[:2] for problem in raised.value.problems] == [
        ["BRODMANN_COMPUTE_SLOTS_CPUS", "must be a whole number of at least 1, got '0'"],
        ["BRODMANN_CLUSTER_PROFILE", "line 2"],
    ]
    assert Settings.from_environment(environment).cluster is None
