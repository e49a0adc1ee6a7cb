import shlex
from pathlib import Path

import pytest

from compute_service.ports import SubmissionRefusedError
from compute_service.profile import ClusterProfile, Partition
from compute_service.schedulers.slurm_batch import Request, batch_script, command_words, partition_for, sbatch_argv, time_min
from core.contracts.jobs import Resources

KEY = "0123456789abcdef" * 2
CPU = Partition(name="cpu", nodes=8, cpus_per_node=48, memory_mb_per_node=90_000, longest_h=24)
GPU = Partition(name="gpu", nodes=2, cpus_per_node=48, memory_mb_per_node=400_000, gpus_per_node=4, longest_h=6)


def profile(**more):
    return ClusterProfile(name="c", partitions=(CPU, GPU), **more)


def request(elements=(), argv=("run", "a b"), folder=Path("/jobs") / KEY, **resources):
    return Request(name=f"{KEY}.3", argv=argv, job_dir=folder, resources=Resources(**resources), elements=elements)


def options(one, **more):
    words = sbatch_argv(one, profile(**more), Path("/jobs/s.sh"), 30)
    return dict(word[2:].partition("=")[::2] for word in words[1:-1])


def test_a_job_asks_for_what_its_processes_need_on_each_node():
    asked = options(request(cpus=6, gpus=1, memory_mb=1000, processes=8, nodes=2))
    assert {name: asked[name] for name in ("nodes", "ntasks", "ntasks-per-node", "cpus-per-task", "mem", "gres")} == {
        "nodes": "2", "ntasks": "8", "ntasks-per-node": "4", "cpus-per-task": "6", "mem": "4000M", "gres": "gpu:4",
    }  # fmt: skip


def test_readers_take_processors_and_memory_on_their_process_s_node_and_no_gpu():
    asked = options(request(cpus=2, gpus=1, memory_mb=1000, processes=4, readers=5, nodes=2))
    assert {name: asked[name] for name in ("nodes", "ntasks", "ntasks-per-node", "cpus-per-task", "mem", "gres")} == {
        "nodes": "2", "ntasks": "24", "ntasks-per-node": "12", "cpus-per-task": "2", "mem": "12000M", "gres": "gpu:2",
    }  # fmt: skip
    assert partition_for(Resources(gpus=1, processes=4, readers=11, cpus=1, memory_mb=1000), profile()) is GPU
    with pytest.raises(SubmissionRefusedError, match="52 processors on a node, partition gpu has 48"):
        partition_for(Resources(gpus=1, processes=4, readers=12, cpus=1, memory_mb=1000), profile())


def test_a_job_is_never_begun_anew_by_slurm_itself_nor_waits_for_what_cannot_come():
    asked = options(request())
    assert {"no-requeue", "parsable"} <= set(asked)
    assert asked["kill-on-invalid-dep"] == "yes"
    assert asked["signal"] == "B:TERM@30"
    assert asked["job-name"] == f"{KEY}.3"


def test_what_the_profile_says_is_asked_for_and_nothing_else():
    assert not {"account", "qos", "gres", "array"} & set(options(request()))
    asked = options(request(), account="a1", qos="q", asks_for_memory=False, more_options=("--constraint=big",))
    assert (asked["account"], asked["qos"], asked["constraint"]) == ("a1", "q", "big")
    assert "mem" not in asked


def test_the_first_partition_that_has_it_all_is_taken():
    assert partition_for(Resources(), profile()) is CPU
    assert partition_for(Resources(gpus=1), profile()) is GPU
    assert partition_for(Resources(memory_mb=100_000), profile()) is GPU


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"gpus": 8}, "8 GPUs on a node, partition gpu has 4"),
        ({"cpus": 64}, "64 processors on a node, partition cpu has 48"),
        ({"memory_mb": 500_000}, "500000 MB of memory on a node, partition gpu has 400000"),
        ({"processes": 16, "nodes": 16}, "16 nodes, partition cpu has 8"),
        ({"gpus": 1, "processes": 8}, "8 GPUs on a node, partition gpu has 4"),
    ],
)
def test_what_no_partition_has_is_refused_with_both_numbers(asked, told):
    with pytest.raises(SubmissionRefusedError, match=told):
        partition_for(Resources(**asked), profile())


@pytest.mark.parametrize(("limit_s", "minutes"), [(1, 1), (60, 1), (61, 2), (7200, 120), (10**6, 360)])
def test_time_is_whole_minutes_and_never_over_the_partitions(limit_s, minutes):
    assert time_min(Resources(time_limit_s=limit_s), GPU) == minutes


def test_an_array_names_its_elements_and_each_has_its_own_log():
    asked = options(request(elements=(0, 2, 5)))
    assert asked["array"] == "0,2,5"
    assert asked["output"] == f"/jobs/{KEY}/elements/%a/log.txt"


def test_signs_that_slurm_reads_in_a_files_name_are_taken_as_they_are():
    assert options(request(folder=Path("/odd%u\\x") / KEY))["output"] == f"/odd%%u\\\\x/{KEY}/log.txt"


def test_the_command_is_quoted_and_an_element_gets_its_number():
    assert command_words(request(argv=("run", "a b;$(x)")), profile()) == "run 'a b;$(x)'"
    assert command_words(request(elements=(1,)), profile()).endswith("""'a b' "$SLURM_ARRAY_TASK_ID\"""")


def test_several_processes_are_started_by_the_profiles_launcher():
    several = request(processes=4, nodes=2, cpus=3, memory_mb=10)
    words = shlex.split(command_words(several, profile()))
    assert words[:-2] == ["srun", "--mpi=pmi2", "--kill-on-bad-exit=1", "--export=ALL", "--ntasks=4", "--cpus-per-task=3"]
    own = profile(launcher=("mpiexec", "-n", "{processes}", "-ppn", "{nodes}"))
    assert shlex.split(command_words(several, own))[:5] == ["mpiexec", "-n", "4", "-ppn", "2"]
    torchrun = profile(launcher=("torchrun", "{processes}", "{working}"))
    assert shlex.split(command_words(request(processes=1, readers=3), torchrun))[:3] == ["torchrun", "4", "1"]


def test_srun_is_never_sent_a_term_which_it_takes_for_the_order_to_kill():
    assert 'tell() { scancel --signal=TERM "$SLURM_JOB_ID"' in batch_script(request(processes=2, memory_mb=10), profile())
    assert 'tell() { kill -TERM "$child"' in batch_script(request(), profile())


def test_the_prologue_stands_before_the_command_and_after_the_claim():
    script = batch_script(request(), profile(prologue=("module load X",)))
    assert script.index("another submission") < script.index("module load X") < script.index("run 'a b'")
