"""The way from the backend to a GPU, hop by hop, and whether each holds."""

from typing import Literal

from core.contracts.base import Contract, Identifier, Sha256

Hop = Literal[
    "resolve",
    "connect",
    "host_key",
    "login",
    "forward",
    "service",
    "token",
    "version",
    "poller",
    "scheduler",
    "disk",
    "brains",
    "python",
    "job",
    "gpu",
    "mpi",
]


class CheckedHop(Contract):
    """One hop: what was found there, and the remedy where it does not hold."""

    hop: Hop
    holds: bool
    found: str
    remedy: str = ""


class CheckParameters(Contract):
    """Parameters of a `check` job: each of its processes tells what it finds on its node."""

    kind: Literal["check"] = "check"


class NodeCheck(Contract):
    """What one process of a `check` job found, in a result of its own."""

    host: str
    python: str
    torch: str
    gpus: tuple[str, ...]
    """Names of the GPUs it sees."""


class ServiceCheck(Contract):
    """What only the compute service can tell."""

    version: str
    scheduler: str
    brains: dict[Identifier, Sha256]
    """Fingerprint of each brain that can be read there."""
    hops: tuple[CheckedHop, ...]
