"""A short job that tells whether jobs run on the cluster, see their GPUs, and find each other."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from uuid import uuid4

from pydantic import ValidationError

from backend.domain.errors import BackendError
from backend.ports import ComputeClient
from core.contracts.cluster import CheckedHop, CheckParameters, NodeCheck
from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, JobReport, JobState, Resources

LOOK_S = 0.5
MEMORY_MB, TIME_LIMIT_S = 4000, 600


@dataclass(frozen=True, slots=True)
class Wish:
    """What the job asks for, and how long somebody waits for it."""

    processes: int = 1
    nodes: int = 1
    gpus: int = 0
    wait_s: float = 600.0


def check_job(compute: ComputeClient, brain: BrainReference, wish: Wish) -> Iterator[CheckedHop]:
    """Whether the job ran, whether each of its processes saw its GPUs, and whether all were there."""
    started = time.monotonic()
    try:
        report = _run(compute, brain, wish)
        if report.state is not JobState.SUCCEEDED:
            yield CheckedHop(hop="job", holds=False, found=f"{report.state.value}: {report.reason}", remedy=_remedy(report))
            return
        nodes = [NodeCheck.model_validate_json(compute.result(report.key, name)) for name in report.results]
    except (BackendError, ValidationError) as error:
        yield CheckedHop(hop="job", holds=False, found=str(error), remedy="The compute service's log says more.")
        return
    hosts = sorted({node.host for node in nodes})
    yield CheckedHop(hop="job", holds=True, found=f"ran on {', '.join(hosts)}, after {time.monotonic() - started:.0f} s in all")
    yield _gpu(nodes, wish.gpus)
    if wish.processes > 1:
        yield _mpi(nodes, wish)


def _run(compute: ComputeClient, brain: BrainReference, wish: Wish) -> JobReport:
    """Send the job and wait for its end; it is stopped when that takes too long."""
    definition = JobDefinition(
        key=uuid4().hex,
        title="Check of the cluster",
        parameters=CheckParameters(),
        inputs=JobInputs(brain=brain),
        resources=Resources(
            cpus=1,
            gpus=wish.gpus,
            memory_mb=MEMORY_MB,
            time_limit_s=TIME_LIMIT_S,
            processes=wish.processes,
            nodes=wish.nodes,
        ),
        code_version=version("brodmann"),
        submitted_by="check",
    )
    report, deadline = compute.submit(definition), time.monotonic() + wish.wait_s
    while not report.state.ended:
        if time.monotonic() > deadline:
            compute.cancel(definition.key)
            return report
        time.sleep(LOOK_S)
        report = next(iter(compute.reports([definition.key])), report)
    return report


def _remedy(report: JobReport) -> str:
    if report.state.ended:
        return f"Its log, in the folder of job {report.key}, says more."
    return "It was stopped after waiting so long. Is the queue full? --wait waits longer."


def _gpu(nodes: list[NodeCheck], wanted: int) -> CheckedHop:
    names = sorted({name for node in nodes for name in node.gpus})
    if wanted == 0:
        return CheckedHop(hop="gpu", holds=True, found=f"none asked for; seen: {', '.join(names) or 'none'}")
    blind = [node.host for node in nodes if len(node.gpus) < wanted]
    if not blind:
        return CheckedHop(hop="gpu", holds=True, found=f"{wanted} each: {', '.join(names)}")
    remedy = "Does the profile name a partition with GPUs, and is PyTorch there built for their driver?"
    return CheckedHop(hop="gpu", holds=False, found=f"fewer than {wanted} that compute on {', '.join(blind)}", remedy=remedy)


def _mpi(nodes: list[NodeCheck], wish: Wish) -> CheckedHop:
    hosts = len({node.host for node in nodes})
    found = f"{len(nodes)} processes on {hosts} {'host' if hosts == 1 else 'hosts'} met, {wish.processes} were asked for"
    holds = len(nodes) == wish.processes
    remedy = "" if holds else "One MPI only in the Python environment there, and its own launcher (or srun --mpi=pmi2)."
    return CheckedHop(hop="mpi", holds=holds, found=found, remedy=remedy)
