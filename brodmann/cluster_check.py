"""Walk from the backend to where jobs run, hop by hop, and say at which there is no way on."""

import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version

from backend.clients.ssh.errors import HOPS
from backend.domain.errors import ComputeRefusedError, ComputeUnreachableError
from backend.domain.hops import refused_hop, version_hop
from backend.ports import ComputeClient
from backend.settings import Settings
from brodmann.cluster_job import Wish, check_job
from core.contracts.cluster import CheckedHop, Hop, ServiceCheck
from core.contracts.jobs import BrainReference
from core.datasets import find_brains


def walk(settings: Settings, compute: ComputeClient, job: Wish | None = None) -> Iterator[CheckedHop]:
    """Every hop in order, as soon as it is known; the last one fails when those behind it cannot be seen any more.

    With `job` and all else well, a short job is run as well.
    """
    way: tuple[Hop, ...] = (*(HOPS if settings.compute_ssh else ("service",)), "token")
    started = time.monotonic()
    try:
        check = compute.check()
    except (ComputeUnreachableError, ComputeRefusedError) as error:
        failed = _failed(error, settings)
        passed = way[: way.index(failed.hop)] if failed.hop in way else way
        yield from (CheckedHop(hop=hop, holds=True, found=_passed(hop, settings)) for hop in passed)
        yield failed
        return
    took_ms = 1000 * (time.monotonic() - started)
    for hop in way:
        timed = f", in {took_ms:.0f} ms" if hop == "service" else ""
        yield CheckedHop(hop=hop, holds=True, found=_passed(hop, settings) + timed)
    told = [version_hop(check, version("brodmann")), *check.hops]
    told = [compared(settings, check, hop) if hop.hop == "brains" and hop.holds else hop for hop in told]
    yield from told
    if job is not None and all(hop.holds for hop in told):
        yield from _job(compute, check, job)


def _job(compute: ComputeClient, check: ServiceCheck, wish: Wish) -> Iterator[CheckedHop]:
    """On the first brain there: that the node sees it is part of what is looked at."""
    if not check.brains:
        yield CheckedHop(hop="job", holds=False, found="there is no brain to run one on", remedy="Copy a brain there first.")
        return
    brain, fingerprint = sorted(check.brains.items())[0]
    yield from check_job(compute, BrainReference(id=brain, fingerprint=fingerprint), wish)


def compared(settings: Settings, check: ServiceCheck, told: CheckedHop) -> CheckedHop:
    """Whether the brains here are there too, and the same: a job on another brain than the annotated one is refused."""
    folders, _ = find_brains(settings.brains)
    here = {folder.brain.id: folder.fingerprint() for folder in folders}
    if not (problems := differences(here, check.brains)):
        return told.model_copy(update={"found": f"{told.found}; the {len(here)} here are the same there"})
    remedy = "Copy these datasets to the cluster's brains folder, e.g. with rsync; jobs on them are refused until then."
    return CheckedHop(hop="brains", holds=False, found="; ".join(problems), remedy=remedy)


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """What is wrong with each brain of these fingerprints, in words."""
    missing = [f"{brain} is not there" for brain in here if brain not in there]
    other = [f"{brain} there has other images" for brain in here if there.get(brain, here[brain]) != here[brain]]
    return missing + other


def _failed(error: ComputeUnreachableError | ComputeRefusedError, settings: Settings) -> CheckedHop:
    if isinstance(error, ComputeUnreachableError):
        hop = next((known for known in HOPS if known == error.details.get("hop")), "service")
        if settings.compute_ssh is None and "hop" in error.details:
            start = "Start it there; its log says why it ended. For a cluster, BRODMANN_COMPUTE_URL is an ssh:// address."
            return CheckedHop(hop=hop, holds=False, found=f"nobody answers at {settings.compute_url}", remedy=start)
        return CheckedHop(hop=hop, holds=False, found=error.message)
    hop = refused_hop(error.details.get("status"))
    remedies = {
        "token": f"Give both sides the same token (BRODMANN_COMPUTE_TOKEN_FILE, here {settings.compute_token_file}).",
        "version": "It is older than this one: bring both to the same version.",
    }
    return CheckedHop(hop=hop, holds=False, found=error.message, remedy=remedies.get(hop, "Its log says more."))


def _passed(hop: Hop, settings: Settings) -> str:
    """What is known of a hop that was passed."""
    ssh = settings.compute_ssh
    if ssh is None:
        return {"service": f"answers at {settings.compute_url}"}.get(hop, f"taken, from {settings.compute_token_file}")
    words: dict[Hop, str] = {
        "resolve": ssh.host,
        "connect": f"port {ssh.port}",
        "host_key": f"as in {settings.ssh_known_hosts}",
        "login": f"{ssh.user} with {settings.ssh_key_file}",
        "forward": f"to {ssh.target}",
        "service": "answers",
    }
    return words.get(hop, f"taken, from {settings.compute_token_file}")
