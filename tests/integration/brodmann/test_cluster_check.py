"""`brodmann cluster check` against a real compute service, directly and through a real sshd; each hop is broken in turn."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from brodmann.cli import main
from brodmann.lab.sshd import SshdLab, sshd_missing
from compute_service.services.health import poller_is_there
from core.contracts.cluster import CheckedHop
from tests.fakes.brain_folder import write_small_brain
from tests.integration.backend.processes import await_true, free_port, started, web_process

pytestmark = pytest.mark.skipif(bool(sshd_missing()), reason=sshd_missing())
WAY = ["resolve", "connect", "host_key", "login", "forward", "service", "token"]
THERE = ["version", "poller", "scheduler", "disk", "brains", "python"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cluster")
    for side in ("here", "there"):
        write_small_brain(folder / side / "brains")
    for name in ("token", "other_token"):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(name * 8)
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    environment = {
        "BRODMANN_BRAINS": str(folder / "there" / "brains"),
        "BRODMANN_JOBS": str(folder / "jobs"),
        "BRODMANN_COMPUTE_TOKEN_FILE": str(folder / "token"),
    }
    log = folder / "compute.log"
    with (
        web_process("compute_service.app", environment, log, health="/health") as (url, _),
        started(["-m", "compute_service.poller"], environment, log),
    ):
        await_true(lambda: poller_is_there(folder / "jobs"), "the poller")
        yield url


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[SshdLab]:
    with SshdLab(folder / "ssh") as lab:
        yield lab


@pytest.fixture
def environment(folder: Path, url: str, lab: SshdLab) -> dict[str, str]:
    return {
        "BRODMANN_BRAINS": str(folder / "here" / "brains"),
        "BRODMANN_STORE": str(folder / "store"),
        "BRODMANN_COMPUTE_TOKEN_FILE": str(folder / "token"),
        "BRODMANN_COMPUTE_URL": f"ssh://{lab.user}@{lab.host}:{lab.port}?to={url.removeprefix('http://')}",
        "BRODMANN_SSH_KEY_FILE": str(lab.key_file),
        "BRODMANN_SSH_KNOWN_HOSTS": str(lab.known_hosts),
    }


def check(environment: Mapping[str, str], *options: str) -> list[CheckedHop]:
    """The hops, as told; the exit code says whether all hold."""
    answer = CliRunner().invoke(main, ["cluster", "check", "--json", *options], env=dict(environment))
    hops = [CheckedHop.model_validate(hop) for hop in json.loads(answer.output)]
    assert answer.exit_code == (0 if all(hop.holds for hop in hops) else 1)
    return hops


def failing(environment: Mapping[str, str], *options: str) -> list[CheckedHop]:
    return [hop for hop in check(environment, *options) if not hop.holds]


def test_every_hop_holds_through_ssh_and_directly(environment: dict[str, str], url: str) -> None:
    hops = check(environment)
    assert [hop for hop in hops if not hop.holds] == []
    assert [hop.hop for hop in hops] == WAY + THERE
    assert [hop.hop for hop in check(environment | {"BRODMANN_COMPUTE_URL": url})] == [*WAY[-2:], *THERE]


def test_a_person_gets_a_line_a_hop(environment: dict[str, str]) -> None:
    answer = CliRunner().invoke(main, ["cluster", "check"], env=environment)
    lines = answer.output.splitlines()
    assert len(lines) == len(WAY + THERE)
    assert all(line.startswith("ok ") for line in lines)


def test_the_walk_ends_at_the_first_hop_that_is_closed(
    environment: dict[str, str], lab: SshdLab, folder: Path, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", stranger], check=True)
    (tmp_path / "nobody").touch()
    ssh = f"ssh://{lab.user}@{lab.host}"
    broken = {
        "resolve": {"BRODMANN_COMPUTE_URL": f"ssh://{lab.user}@no-such-host.invalid?to=127.0.0.1:1"},
        "connect": {"BRODMANN_COMPUTE_URL": f"{ssh}:{free_port()}?to=127.0.0.1:1"},
        "host_key": {"BRODMANN_SSH_KNOWN_HOSTS": str(tmp_path / "nobody")},
        "login": {"BRODMANN_SSH_KEY_FILE": str(stranger)},
        "service": {"BRODMANN_COMPUTE_URL": f"{ssh}:{lab.port}/no/such.sock"},
        "token": {"BRODMANN_COMPUTE_TOKEN_FILE": str(folder / "other_token")},
    }
    for hop, change in broken.items():
        hops = check(environment | change)
        assert [told.hop for told in hops] == WAY[: WAY.index(hop) + 1]
        assert [told.holds for told in hops] == [True] * (len(hops) - 1) + [False]
        assert len(hops[-1].found + hops[-1].remedy) > 60  # says what to do


def test_a_key_that_may_not_forward_fails_there(environment: dict[str, str], lab: SshdLab) -> None:
    lab.allow("restrict")
    try:
        assert [hop.hop for hop in check(environment)] == WAY[: WAY.index("forward") + 1]
    finally:
        lab.allow("")


def test_what_the_service_finds_does_not_end_the_walk(environment: dict[str, str], folder: Path) -> None:
    other = write_small_brain(folder / "here" / "brains", brain_id="OTHER")
    try:
        hops = failing(environment)
        assert [hop.hop for hop in hops] == ["brains"]
        assert "OTHER is not there" in hops[0].found
    finally:
        shutil.rmtree(other)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_short_job_tells_that_jobs_run(environment: dict[str, str], processes: int) -> None:
    hops = check(environment, "--job", "--processes", str(processes))
    assert [hop for hop in hops if not hop.holds] == []
    assert [hop.hop for hop in hops[len(WAY + THERE) :]] == (["job", "gpu", "mpi"] if processes > 1 else ["job", "gpu"])


def test_a_gpu_that_no_node_has_is_told(environment: dict[str, str]) -> None:
    hops = failing(environment, "--job", "--gpus", "64")
    assert [hop.hop for hop in hops] == ["gpu"]


def test_a_job_that_waits_too_long_is_stopped_and_told(environment: dict[str, str], folder: Path) -> None:
    hops = failing(environment, "--job", "--wait", "1", "--processes", "60")
    assert [hop.hop for hop in hops] == ["job"]


def test_nobody_there_directly_is_told(environment: dict[str, str]) -> None:
    hops = check(environment | {"BRODMANN_COMPUTE_URL": f"http://127.0.0.1:{free_port()}"})
    assert [(hop.hop, hop.holds) for hop in hops] == [("service", False)]
    assert "Start it" in hops[0].remedy
