"""The whole way on one machine: a restricted key, real sshd, unix socket, compute service, and a real Slurm of two nodes."""

import json
import signal
from collections.abc import Iterator

import pytest
import yaml
from click.testing import CliRunner

from brodmann.cli import main
from brodmann.lab.slurm import SlurmLab
from brodmann.lab.sshd import SshdLab, sshd_missing
from core.contracts.cluster import CheckedHop
from tests.fakes.brain_folder import write_small_brain
from tests.integration.backend.processes import await_true, started, web_process
from tests.integration.cluster import needs_slurm

pytestmark = [needs_slurm, pytest.mark.skipif(bool(sshd_missing()), reason=sshd_missing())]
PROFILE = {
    "name": "lab",
    "partitions": [{"name": "batch", "nodes": 2, "cpus_per_node": 2, "memory_mb_per_node": 16_000, "longest_h": 1}],
    "poll_interval_s": 0.2,
    "longest_back_off_s": 1,
    "outcome_grace_s": 1,
}


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmLab]:
    with SlurmLab(tmp_path_factory.mktemp("slurm") / "lab", nodes=2, cpus=2, memory_mb=16_000) as lab:
        yield lab


@pytest.fixture(scope="module")
def environment(slurm: SlurmLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The backend's settings, with everything behind them running."""
    folder = tmp_path_factory.mktemp("way")
    write_small_brain(folder / "brains")
    (folder / "token").write_text("a token for the test of a whole way")
    (folder / "profile.yaml").write_text(yaml.safe_dump(PROFILE))
    service = {
        "BRODMANN_BRAINS": str(folder / "brains"),
        "BRODMANN_JOBS": str(folder / "jobs"),
        "BRODMANN_COMPUTE_TOKEN_FILE": str(folder / "token"),
        "BRODMANN_CLUSTER_PROFILE": str(folder / "profile.yaml"),
        "BRODMANN_COMPUTE_POLL_INTERVAL_S": "0.2",
        **slurm.environment,
    }
    socket, log = folder / "http.sock", folder / "services.log"
    with (
        SshdLab(folder / "ssh", 'restrict,port-forwarding,command="/bin/false"') as sshd,
        web_process("compute_service.app", service, log, ("--umask", "0077", "--bind", f"unix:{socket}"), "/health"),
        started(["-m", "compute_service.poller"], service, log),
    ):
        assert socket.stat().st_mode & 0o077 == 0
        yield {
            "BRODMANN_BRAINS": str(folder / "brains"),
            "BRODMANN_STORE": str(folder / "store"),
            "BRODMANN_COMPUTE_TOKEN_FILE": str(folder / "token"),
            "BRODMANN_COMPUTE_URL": f"ssh://{sshd.user}@{sshd.host}:{sshd.port}{socket}",
            "BRODMANN_SSH_KEY_FILE": str(sshd.key_file),
            "BRODMANN_SSH_KNOWN_HOSTS": str(sshd.known_hosts),
        }


def check(environment: dict[str, str], *options: str) -> dict[str, CheckedHop]:
    answer = CliRunner().invoke(main, ["cluster", "check", "--json", *options], env=environment)
    hops = [CheckedHop.model_validate(hop) for hop in json.loads(answer.output)]
    return {hop.hop: hop for hop in hops}


def failing(environment: dict[str, str]) -> list[str]:
    return [hop.hop for hop in check(environment).values() if not hop.holds]


def test_a_job_over_two_nodes_runs_and_its_processes_meet(environment: dict[str, str]) -> None:
    await_true(lambda: failing(environment) == [], "every hop to hold")
    hops = check(environment, "--job", "--processes", "2", "--nodes", "2")
    assert [hop for hop in hops.values() if not hop.holds] == []
    assert hops["scheduler"].found == "slurm answers"
    assert hops["mpi"].found.startswith("2 processes")


def test_a_controller_that_is_away_is_told_until_it_is_back(environment: dict[str, str], slurm: SlurmLab) -> None:
    await_true(lambda: failing(environment) == [], "every hop to hold")
    slurm.stop("slurmctld", signal.SIGTERM)
    try:
        await_true(lambda: failing(environment) == ["scheduler"], "the controller's absence to be told")
    finally:
        slurm.start("slurmctld")
    await_true(lambda: failing(environment) == [], "the controller's return to be told")
