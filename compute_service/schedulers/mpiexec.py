"""Several processes of one job on this machine, started together by the installed MPI."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from compute_service.ports import SubmissionRefusedError
from core.contracts.jobs import Resources

MPIEXEC = "mpiexec"
ON_LOOPBACK = {"HYDRA_IFACE": "lo", "UCX_NET_DEVICES": "lo"}
"""For the ranks of one machine. Not all that MPICH does keeps to it: mpiexec's own port listens on every interface."""


def find_mpiexec(path: str | None = None) -> str | None:
    """The launcher beside this Python, where pip puts it, else the first on `path`; None when there is none.

    The one beside Python comes first: a launcher of another MPI than mpi4py's starts processes that do not know one another.
    """
    beside = Path(sys.executable).with_name(MPIEXEC)
    return str(beside) if beside.is_file() else shutil.which(MPIEXEC, path=path)


def together(argv: Sequence[str], resources: Resources, path: str | None = None) -> tuple[str, ...]:
    """The command line that starts `argv` as the ranks of one MPI program; without MPI one process starts its own readers.

    Raises:
        SubmissionRefusedError: this machine has no MPI, which the job needs.
    """
    if resources.ranks == 1:
        return tuple(argv)
    mpiexec = find_mpiexec(path)
    if mpiexec is not None:
        return (mpiexec, "-n", str(resources.ranks), *argv)
    if resources.processes == 1:
        return tuple(argv)
    raise SubmissionRefusedError(
        f"The job asks for {resources.processes} processes, and this machine has no mpiexec to start them. Install "
        "`brodmann[mpi]` into the compute service's Python environment, or ask for one process."
    )
