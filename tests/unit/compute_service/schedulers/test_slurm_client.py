import subprocess

import pytest

from compute_service.ports import SchedulerUnavailableError
from compute_service.schedulers.slurm_client import Done, SlurmClient, SlurmComplaintError

UP, DOWN = Done(0, "Slurmctld(primary) at c is UP\n", ""), Done(1, "Slurmctld(primary) at c is DOWN\n", "")


class Slurm:
    """Answers as told, and counts the questions."""

    def __init__(self):
        self.ping, self.answer, self.asked, self.now = UP, Done(0, "fine", ""), [], 0.0

    def __call__(self, argv, environment, timeout_s):
        self.asked.append(argv[0])
        answer = self.ping if argv == ("scontrol", "ping") else self.answer
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def slurm():
    return Slurm()


@pytest.fixture
def client(slurm):
    return SlurmClient({}, longest_back_off_s=4, call=slurm, clock=lambda: slurm.now)


def test_the_controller_is_asked_first_whether_it_is_there(client, slurm):
    slurm.ping = DOWN
    with pytest.raises(SchedulerUnavailableError, match="controller is down"):
        client.ask(("squeue",))
    assert slurm.asked == ["scontrol"]


@pytest.mark.parametrize(
    "trouble",
    [
        subprocess.TimeoutExpired("squeue", 30),
        FileNotFoundError(),
        OSError(11, "no more processes"),
        Done(1, "", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"),
    ],
)
def test_whatever_keeps_slurm_from_answering_says_nothing_about_jobs(client, slurm, trouble):
    slurm.answer = trouble
    with pytest.raises(SchedulerUnavailableError):
        client.ask(("squeue",))


def test_who_does_not_answer_is_left_alone_for_longer_and_longer(client, slurm):
    slurm.ping, moments = DOWN, []
    for slurm.now in range(20):
        before = len(slurm.asked)
        with pytest.raises(SchedulerUnavailableError):
            client.ask(("squeue",))
        if len(slurm.asked) > before:
            moments.append(slurm.now)
    assert moments == [0, 1, 3, 7, 11, 15, 19]


def test_an_answer_ends_the_waiting(client, slurm):
    slurm.ping = DOWN
    with pytest.raises(SchedulerUnavailableError):
        client.ask(("squeue",))
    slurm.ping, slurm.now = UP, 1
    assert client.ask(("squeue",)) == client.ask(("squeue",)) == "fine"


def test_a_no_is_an_answer(client, slurm):
    slurm.answer = Done(1, "", "sbatch: error: Batch job submission failed: Invalid partition name specified")
    with pytest.raises(SlurmComplaintError):
        client.ask(("sbatch",))
    slurm.answer = Done(0, "5", "")
    assert client.ask(("sbatch",)) == "5"
