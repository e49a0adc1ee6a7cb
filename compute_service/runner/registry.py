"""Which function of core.tasks runs which kind of job; imported only when it is needed."""

from collections.abc import Callable
from importlib import import_module

from core.contracts.jobs import JobDefinition
from core.tasks.context import JobContext

Task = Callable[[JobDefinition, JobContext], None]

TASKS = {
    "train": ("core.tasks.train_segmentation", "train"),
    "predict": ("core.tasks.predict_sections", "predict"),
    "inspect": ("core.tasks.look_inside", "inspect"),
    "align": ("core.tasks.align_sections", "align_sections"),
    "features": ("core.tasks.train_features", "train_features"),
    "classify_patches": ("core.tasks.classify_patches", "classify_patches"),
    "check": ("core.tasks.check_node", "check_node"),
    "graph": ("core.tasks.train_graph", "train_graph"),
    "midsurface": ("core.tasks.compute_midsurface", "compute_midsurface"),
    "tissue": ("core.tasks.compute_tissue", "compute_tissue"),
}


def task_for(kind: str) -> Task:
    """The task of a kind of job; the contract admits no kind without one (a test compares them)."""
    module, function = TASKS[kind]
    task: Task = getattr(import_module(module), function)
    return task
