"""One rank of a data stage: `mpiexec -n 4 python -m tests.integration.core.pipeline.stage_ranks FOLDER CASE`."""

import os
import sys
from pathlib import Path

import numpy as np
from mpi4py import MPI

from core.pipeline import Arrays, StageError
from core.pipeline.ranks import RankWork, over_ranks
from tests.fakes.stage_work import DIES, FAILS, lookup, table

ROW_BYTES = 5000


def made() -> Arrays:
    """What a node shares; made by one of its ranks."""
    sys.stdout.write(f"made by {os.getpid()}\n")
    return {"table": table()}


def cannot_be_made() -> Arrays:
    """Fails."""
    raise OSError("the table is on no disk")


def run(folder: Path, case: str) -> None:
    """Leave for each controller what it received."""
    world = MPI.COMM_WORLD
    controllers = 2 if case == "two_controllers" else 3 if case == "too_few" else 1
    work = RankWork(cannot_be_made if case == "not_made" else made, lookup, ROW_BYTES)
    with over_ranks(world, work, controllers) as stage:
        if stage is None:
            return
        items = range(world.rank, 40)
        if case == "fails":
            items = [1, 2, FAILS, 4, 5, 6, 7, 8]
        if case == "dies":
            items = [1, 2, DIES, 4]
        found = [(int(each["number"]), each["row"].copy(), each["made_by"].tolist()) for each in stage.run(items)]
        again = [int(each["number"]) for each in stage.run([5])]
    np.savez(
        folder / f"{world.rank}.npz",
        numbers=[number for number, _, _ in found] + again,
        rows=[row for _, row, _ in found],
        made_by=[maker for _, _, maker in found],
    )


if __name__ == "__main__":
    try:
        run(Path(sys.argv[1]), sys.argv[2])
    except StageError as error:
        sys.stdout.write(f"rank {MPI.COMM_WORLD.rank}: {error}\n")
        sys.exit(4)
