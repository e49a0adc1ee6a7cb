"""The data stage over MPI ranks: batches of 4 MiB from a worker to its controller, beside plain Isend and Irecv.

Plain is the faster of one message at a time and as many under way as the stage has, between the same two ranks in turn
with the stage. Its batches stand ready in the worker's slots, as plain messages' do in their buffers.

Example: python -m benchmarks.mpi_stage --json benchmarks/results/mpi_stage.json
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from statistics import median

from benchmarks.figures import Figure, run
from compute_service.schedulers.mpiexec import ON_LOOPBACK, find_mpiexec

ROUNDS, QUICK_ROUNDS, MESSAGES = 75, 15, 100


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Start two ranks and compare the medians of their rounds."""
    mpiexec = find_mpiexec(os.environ.get("PATH"))
    if mpiexec is None:
        raise RuntimeError("there is no mpiexec; install `brodmann[mpi]`")
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    ranks = (mpiexec, "-n", "2", sys.executable, "-m", "benchmarks.mpi_stage_ranks", str(rounds), str(MESSAGES))
    done = subprocess.run(ranks, env=os.environ | ON_LOOPBACK, capture_output=True, text=True, check=True)
    rates: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    one, several, stage = (median(rates[name]) for name in ("one", "several", "stage"))
    plain = max(one, several)
    return [
        Figure("mpi.stage_vs_plain", stage / plain, "", 0.5, "at least"),
        Figure("mpi.stage_gb_s", stage, "GB/s"),
        Figure("mpi.plain_gb_s", plain, "GB/s"),
        Figure("mpi.plain_one_at_a_time_gb_s", one, "GB/s"),
        Figure("load", os.getloadavg()[0], ""),
    ]


def main() -> None:
    """Entry point."""
    run(measure, argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))


if __name__ == "__main__":
    main()
