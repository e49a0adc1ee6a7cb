"""The data stage (thesis 4.2.2): workers prepare what a controller learns from, ahead of it and in a fixed order.

`over_processes` starts workers beside the controller; `ranks.Crew` makes them of the ranks of an MPI program. Both give a
`Stage`, which deals items out and returns their results in order: the same ones whatever the number of workers.
"""

from core.pipeline.processes import over_processes, processes_open
from core.pipeline.stage import Arrays, OpenStage, Room, Stage, StageError, WorkerFailedError, WorkerLostError

__all__ = [
    "Arrays", "OpenStage", "Room", "Stage", "StageError", "WorkerFailedError", "WorkerLostError", "over_processes",
    "processes_open",
]  # fmt: skip
