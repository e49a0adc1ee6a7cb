"""One of the two ranks of `benchmarks.mpi_stage`: `mpiexec -n 2 python -m benchmarks.mpi_stage_ranks ROUNDS MESSAGES`.

The first rank receives and prints, as JSON, gigabytes per second of every round.
"""

import json
import sys
import time
from collections import deque
from collections.abc import Callable

import numpy as np
from mpi4py import MPI

from core.pipeline import Arrays, Room
from core.pipeline.ranks import Crew
from core.pipeline.stage import SLOTS

BATCH_BYTES = 4 << 20
CONTROLLER, WORKER = 0, 1


def plain(world: MPI.Intracomm, messages: int, under_way: int) -> float:
    """GB/s of Isend and Irecv alone, from buffers that are ready, with so many messages under way."""
    buffers = [np.ones(BATCH_BYTES, np.uint8) for _ in range(under_way)]
    requests: deque[MPI.Request] = deque()
    world.Barrier()
    started = time.perf_counter()
    for number in range(messages):
        if len(requests) == under_way:
            requests.popleft().Wait()
        buffer = buffers[number % under_way]
        requests.append(world.Irecv(buffer, WORKER) if world.rank == CONTROLLER else world.Isend(buffer, CONTROLLER))
    MPI.Request.Waitall(list(requests))
    return messages * BATCH_BYTES / (time.perf_counter() - started) / 1e9


def through_stage(world: MPI.Intracomm, messages: int) -> float:
    """GB/s of batches that a worker has ready and the controller asks for one by one; 0 in the worker."""
    crew = Crew(world, workers=1)
    if crew.works:
        crew.serve()
        return 0.0
    with crew.stage(_work, {}, BATCH_BYTES) as stage:
        list(stage.run(range(SLOTS)))
        started = time.perf_counter()
        received = sum(batch["batch"].nbytes for batch in stage.run(range(messages)))
        rate = received / (time.perf_counter() - started) / 1e9
    crew.dismiss()
    return rate


def _work(_arrays: Arrays) -> Callable[[int, Room], None]:
    return _ready


def _ready(_item: int, room: Room) -> None:
    """A batch that is there, as in the buffers of plain messages."""
    room.empty("batch", (BATCH_BYTES,), np.uint8)


def main(rounds: int, messages: int) -> None:
    """Measure in turn, so that a neighbour's load falls on all alike."""
    world = MPI.COMM_WORLD
    found: dict[str, list[float]] = {"one": [], "several": [], "stage": []}
    for _ in range(rounds):
        found["one"].append(plain(world, messages, 1))
        found["several"].append(plain(world, messages, SLOTS))
        found["stage"].append(through_stage(world, messages))
    if world.rank == CONTROLLER:
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
