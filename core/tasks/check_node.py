"""Tell what a job's process finds on its node: a job that does nothing else, to see that jobs run at all."""

import os
import platform
import socket

import torch

from core.contracts.cluster import NodeCheck
from core.contracts.jobs import JobDefinition
from core.datasets.files import write_atomically
from core.tasks.context import JobContext


def check_node(definition: JobDefinition, context: JobContext) -> None:
    """Write `<host>-<process>.json`, a NodeCheck, from each of the job's processes; a GPU is one that computes."""
    gpus = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()) if _computes(number)]
    found = NodeCheck(
        host=socket.gethostname(), python=platform.python_version(), torch=str(torch.__version__), gpus=tuple(gpus)
    )
    write_atomically(context.results / f"{found.host}-{os.getpid()}.json", found.model_dump_json(indent=2).encode())


def _computes(number: int) -> bool:
    try:
        return float(torch.ones(8, device=f"cuda:{number}").sum()) == 8.0
    except RuntimeError:  # it is listed and cannot be used, e.g. with a driver that is too old
        return False
