"""One rank of a data stage: `mpiexec -n 4 python -m tests.integration.core.pipeline.stage_ranks FOLDER CASE`."""

import sys
from pathlib import Path

import numpy as np
from mpi4py import MPI

from core.pipeline import StageError
from core.pipeline.ranks import Crew
from tests.fakes.stage_work import DIES, FAILS, lookup, no_lookup, table

ROW_BYTES = 5000


def run(folder: Path, case: str) -> None:
    """Leave for each controller what it received."""
    world = MPI.COMM_WORLD
    crew = Crew(world, {"two_controllers": 1, "too_few": 2}.get(case, 3))
    if crew.works:
        sys.stdout.write(f"dismissed: {crew.serve()}\n")
        return
    items = {"fails": [1, 2, FAILS, 4, 5, 6, 7, 8], "dies": [1, 2, DIES, 4]}.get(case, range(world.rank, 40))
    with crew.stage(no_lookup if case == "not_made" else lookup, {"table": table()}, ROW_BYTES) as stage:
        found = [(int(each["number"]), each["row"].copy(), each["made_by"].tolist()) for each in stage.run(items)]
        again = [int(each["number"]) for each in stage.run([5])]
    with crew.stage(lookup, {"table": table()[::-1]}, ROW_BYTES) as stage:
        reverse = [each["row"].copy() for each in stage.run([98, 99])]
    crew.dismiss("done")
    np.savez(
        folder / f"{world.rank}.npz",
        numbers=[number for number, _, _ in found] + again,
        rows=[row for _, row, _ in found],
        reverse=reverse,
        made_by=[maker for _, _, maker in found],
    )


if __name__ == "__main__":
    try:
        run(Path(sys.argv[1]), sys.argv[2])
    except StageError as error:
        sys.stdout.write(f"rank {MPI.COMM_WORLD.rank}: {error}\n")
        sys.stdout.flush()
        MPI.COMM_WORLD.Abort(4)
