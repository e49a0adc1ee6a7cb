"""Jobs: definition, states, progress and outcome, as they travel between backend, compute service and runner."""

from enum import StrEnum
from math import ceil
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from core.contracts.anatomy import AlignParameters, TissueParameters
from core.contracts.annotations import FrozenAnnotation
from core.contracts.base import Contract, Identifier, Key, Moment, Sha256
from core.contracts.cluster import CheckParameters
from core.contracts.features import ClassifyPatchesParameters, FeaturesParameters
from core.contracts.graphs import GraphParameters, MidsurfaceParameters
from core.contracts.inspection import InspectParameters
from core.contracts.training import PredictParameters, TrainParameters

JobKind = Literal[
    "train", "predict", "inspect", "tissue", "align", "check", "features", "classify_patches", "midsurface", "graph"
]
JobParameters = Annotated[
    TrainParameters
    | PredictParameters
    | InspectParameters
    | TissueParameters
    | AlignParameters
    | CheckParameters
    | FeaturesParameters
    | ClassifyPatchesParameters
    | MidsurfaceParameters
    | GraphParameters,
    Field(discriminator="kind"),
]


MOST_ELEMENTS = 1000
"""Of an array: what Slurm takes as it comes (MaxArraySize 1001)."""
MOST_PROCESSES = 4096
"""Of a multi-rank job; more is taken for a slip of the pen."""
READ_AHEAD: tuple[JobKind, ...] = ("train", "features")
"""Kinds whose patches other processes can read."""
SECTIONS_PER_ELEMENT = 32
"""Of a prediction: so many that an element's start, some ten seconds for libraries, model and regions, weighs little."""

SHORTEST_LIMIT_S, LIMIT_PER_ESTIMATE = 7200, 5


def elements_for(sections: int) -> int:
    """Into how many elements a prediction of so many sections is split."""
    return min(MOST_ELEMENTS, max(1, ceil(sections / SECTIONS_PER_ELEMENT)))


def time_limit_s(estimate_s: float) -> int:
    """How long a job may run that is expected to take so long: estimates are rough, so many times longer."""
    return max(SHORTEST_LIMIT_S, round(LIMIT_PER_ESTIMATE * estimate_s))


class JobState(StrEnum):
    """Where a job is in its life; the table of transitions lives in the compute service."""

    CREATED = "created"
    SUBMITTED = "submitted"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """True when nothing can happen to the job any more."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class ResultState(StrEnum):
    """What became of a job's results, apart from its state."""

    WAITING = "waiting"
    READY = "ready"
    INCOMPLETE = "incomplete"
    UNAVAILABLE = "unavailable"


class BrainReference(Contract):
    """A brain both sides hold on disk, verified by fingerprint; images never travel."""

    id: Identifier
    fingerprint: Sha256


class BrainInputs(Contract):
    """A further brain with the annotations on it."""

    brain: BrainReference
    annotations: tuple[FrozenAnnotation, ...] = ()


class JobInputs(Contract):
    """Everything a job reads beside its parameters."""

    brain: BrainReference
    annotations: tuple[FrozenAnnotation, ...] = ()
    more: tuple[BrainInputs, ...] = Field(default=(), max_length=100, description="of jobs that learn from several brains")

    @model_validator(mode="after")
    def _different_brains(self) -> Self:
        names = [self.brain.id, *(each.brain.id for each in self.more)]
        if len(set(names)) < len(names):
            raise ValueError(f"a brain is named twice among {names}")
        return self

    @property
    def brains(self) -> tuple[BrainInputs, ...]:
        """All of them, the job's own first."""
        return (BrainInputs(brain=self.brain, annotations=self.annotations), *self.more)


class Resources(Contract):
    """What a job asks of the scheduler: each of its processes, and of an array each of its elements.

    Processors and memory are those of each process, readers among them; GPUs those of each process that learns.
    """

    cpus: PositiveInt = 2
    gpus: NonNegativeInt = 0
    memory_mb: PositiveInt = 8192
    time_limit_s: PositiveInt = 7200
    array: PositiveInt = Field(
        default=1, le=MOST_ELEMENTS, description="processes that share the job's sections, each started for itself"
    )
    processes: PositiveInt = Field(
        default=1, le=MOST_PROCESSES, description="processes that work together (MPI ranks), started and ended as one"
    )
    readers: NonNegativeInt = Field(
        default=0, description="further processes for each of these, on its node, that read its patches; 0: threads read"
    )
    nodes: PositiveInt = Field(default=1, description="machines over which the processes are spread evenly")

    @property
    def ranks(self) -> int:
        """All processes that are started together: those that work and those that read for them."""
        return self.processes * (1 + self.readers)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.processes % self.nodes:
            raise ValueError(f"{self.processes} processes cannot be spread evenly over {self.nodes} nodes")
        if self.array > 1 and self.ranks > 1:
            raise ValueError("the elements of an array are one process each: ask for an array or for several processes")
        if self.ranks > MOST_PROCESSES:
            raise ValueError(f"{self.processes} processes with {self.readers} readers each are more than {MOST_PROCESSES}")
        return self


class JobDefinition(Contract):
    """`job.json`. `key` is made by the client and names the job everywhere: sending it twice never doubles a job."""

    key: Key
    title: str = Field(max_length=200)
    parameters: JobParameters
    inputs: JobInputs
    after: tuple[Key, ...] = Field(default=(), description="jobs that must have succeeded before this one starts")
    resources: Resources = Resources()
    code_version: str = Field(max_length=100)
    submitted_by: Identifier

    @model_validator(mode="after")
    def _can_be_shared(self) -> Self:
        most = len(self.parameters.sections) if self.parameters.kind == "predict" else 1
        if self.resources.array > most:
            raise ValueError(f"a {self.parameters.kind} job like this has work for {most} elements, not {self.resources.array}")
        return self

    @model_validator(mode="after")
    def _can_be_read_for(self) -> Self:
        if self.resources.readers and self.parameters.kind not in READ_AHEAD:
            kinds = " and ".join(READ_AHEAD)
            raise ValueError(f"a {self.parameters.kind} job has nothing for readers to do: only {kinds} jobs may have them")
        return self

    @model_validator(mode="after")
    def _can_be_done_together(self) -> Self:
        processes = self.resources.processes
        parameters = self.parameters
        learns = isinstance(parameters, TrainParameters | FeaturesParameters | GraphParameters)
        most = 1
        if isinstance(parameters, TrainParameters | FeaturesParameters | GraphParameters):
            most = parameters.settings.batch_size
        if processes > most and self.parameters.kind != "check":
            what = "nodes" if self.parameters.kind == "graph" else "patches"
            why = f"learns {most} {what} at a time" if learns else "is the work of one process"
            raise ValueError(f"a {self.parameters.kind} job like this {why}: ask for {most} at most, not {processes} processes")
        return self


class Progress(Contract):
    """One line of `progress.jsonl`."""

    at: Moment
    phase: str = Field(max_length=60, description="what is being done, in words for the screen")
    step: NonNegativeInt = 0
    of: PositiveInt = 1
    loss: float | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    eta_s: float | None = Field(default=None, ge=0)


class Outcome(Contract):
    """`outcome.json`, written by rename when the runner ends in Python, well or badly; of an array, after its last element."""

    state: Literal["succeeded", "failed", "cancelled"]
    message: str = Field(description="one sentence for the screen")
    details: str = Field(default="", description="the traceback, folded away on screen")
    results: tuple[str, ...] = Field(default=(), description="files below results/, relative, with forward slashes")
    finished_at: Moment


class JobReport(Contract):
    """A job as the compute service tells it and the backend stores it."""

    key: Key
    kind: JobKind
    title: str
    state: JobState
    result_state: ResultState
    reason: str = Field(default="", description="why it waits or failed, in words for the screen")
    details: str = ""
    attempts: NonNegativeInt = 0
    created_at: Moment
    started_at: Moment | None = None
    finished_at: Moment | None = None
    progress: Progress | None = None
    results: tuple[str, ...] = ()
