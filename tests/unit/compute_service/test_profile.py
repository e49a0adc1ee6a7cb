from pathlib import Path

import pytest

from compute_service.profile import ClusterProfile, ProfileError

GOOD = """\
name: our-cluster
account: brain1
partitions:
  - name: gpu
    nodes: 4
    cpus_per_node: 48
    memory_mb_per_node: 500000
    gpus_per_node: 4
    longest_h: 24
prologue:
  - source /etc/profile
  - module load Python
environment: [HTTPS_PROXY]
"""
EXAMPLES = sorted(Path("deploy/profiles").glob("*.yaml"))


def read(tmp_path, text):
    (tmp_path / "profile.yaml").write_text(text)
    return ClusterProfile.read(tmp_path / "profile.yaml")


def problems(tmp_path, text):
    with pytest.raises(ProfileError) as raised:
        read(tmp_path, text)
    return list(raised.value.problems)


def test_a_profile_is_read(tmp_path):
    profile = read(tmp_path, GOOD)
    assert (profile.account, profile.partitions[0].gpus_per_node, profile.prologue[1]) == ("brain1", 4, "module load Python")
    assert profile.launcher[:2] == ("srun", "--mpi=pmi2")


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_examples_are_good(file):
    assert ClusterProfile.read(file).name == file.stem


def test_there_are_two_examples():
    assert len(EXAMPLES) == 2


def test_every_problem_is_told_at_once_with_its_line(tmp_path):
    wrong = GOOD.replace("nodes: 4", "nodes: none").replace("account:", "acount:").replace("longest_h: 24", "longest_h: -1")
    told = problems(tmp_path, wrong)
    assert [problem.split(": ")[0] for problem in told] == ["line 5", "line 9", "line 2"]
    assert "partitions.1.nodes" in told[0]
    assert "acount: Extra inputs" in told[2]


def test_a_name_said_twice_is_told(tmp_path):
    assert problems(tmp_path, GOOD + "account: other\n") == ["line 14: account is said twice"]


@pytest.mark.parametrize("name", ["BRODMANN_COMPUTE_TOKEN_FILE", "MONGO_URI", "AWS_SECRET_ACCESS_KEY", "SBATCH_EXPORT"])
def test_no_secret_can_be_handed_to_jobs(tmp_path, name):
    (told,) = problems(tmp_path, GOOD.replace("HTTPS_PROXY", name))
    assert "is not handed to jobs" in told
    assert told.startswith("line 13: environment.1")


@pytest.mark.parametrize("option", ["--export=ALL", "--wrap=true", "-p x", "constraint", "--comment=a b\\n--wrap"])
def test_options_that_are_ours_or_none_are_refused(tmp_path, option):
    assert problems(tmp_path, GOOD + f'more_options: ["{option}"]\n')


def test_a_line_of_the_prologue_is_one_line(tmp_path):
    assert problems(tmp_path, GOOD.replace("module load Python", '"a\\nb"'))


@pytest.mark.parametrize("text", ["", "- a", "a: [", "\x00"])
def test_what_is_no_mapping_is_told_as_such(tmp_path, text):
    assert problems(tmp_path, text)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ProfileError, match="cannot be read"):
        ClusterProfile.read(tmp_path / "none.yaml")


def test_yaml_makes_no_objects(tmp_path):
    assert problems(tmp_path, GOOD.replace("our-cluster", "!!python/object/apply:os.getcwd []"))
