"""Projects, their members and training tasks, predictions and reviews, as the backend stores and serves them."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from core.contracts.base import Contract, Identifier, Key, Moment
from core.contracts.datasets import Area, RasterGrid, SectionNumber
from core.contracts.training import BorderStretch, SegmentationSettings

Role = Literal["viewer", "annotator", "manager"]
Verdict = Literal["accepted", "rejected", "corrected"]
Method = Literal["local", "global"]
Pair = tuple[SectionNumber, SectionNumber]
# Of a local model two, of a global one all that were annotated.
TrainedSections = Annotated[tuple[SectionNumber, ...], Field(min_length=2, max_length=10_000)]


class User(Contract):
    """A person with an account, as others see them."""

    name: Identifier
    display_name: str = Field(max_length=100)


class Member(Contract):
    """A user's role in a project."""

    user: Identifier
    role: Role


class NewMember(Contract):
    """A user's role in a project, given or changed."""

    role: Role


class Project(Contract):
    """A brain, its areas of interest and its people."""

    id: Identifier
    title: str = Field(max_length=200)
    brain: Identifier
    areas: tuple[Identifier, ...]
    nomenclature: tuple[Area, ...] = Field(default=(), description="its areas as its people name and colour them")
    members: tuple[Member, ...]
    version: PositiveInt = 1
    created_at: Moment


class AnnotationReference(Contract):
    """Which revision of which annotation a task used."""

    uid: Key
    version: PositiveInt


class TaskRun(Contract):
    """One model of a training task: its training job and the prediction job that follows it.

    A local task has a run for each of its pairs; a global task has one, of all annotated sections.
    """

    sections: TrainedSections
    train_job: Key
    predict_job: Key
    annotations: tuple[AnnotationReference, ...]


class TrainingTask(Contract):
    """An area, its pairs of sections and the settings; freezes the annotation revisions it uses."""

    id: Key
    project: Identifier
    area: Identifier
    preset: Identifier
    settings: SegmentationSettings
    method: Method = "local"
    pairs: tuple[Pair, ...] = Field(default=(), description="the intervals it fills; empty: those of its runs")
    start_job: Key | None = Field(default=None, description="the training job whose model it went on from")
    runs: tuple[TaskRun, ...]
    author: Identifier
    created_at: Moment


class Review(Contract):
    """A person's verdict on a prediction; append-only, the newest counts, and taking it back is a new one."""

    id: Key
    prediction: Key
    verdict: Verdict
    reason: str = Field(default="", max_length=500)
    annotation: Key | None = Field(default=None, description="the annotation a correction became")
    author: Identifier
    at: Moment


class Prediction(Contract):
    """Label and confidence rasters of one model on one section; immutable, `review` is the newest verdict."""

    id: Key
    project: Identifier
    task: Key
    job: Key
    section: SectionNumber
    area: Identifier
    grid: RasterGrid
    area_mm2: float = Field(ge=0)
    mean_confidence: float = Field(ge=0, le=1)
    doubt: float = Field(default=0, ge=0, le=1, description="expected share of the area's extent that is wrong")
    alignment_doubt: str = Field(
        default="",
        description="why no chain of the alignment from a training section can be trusted, in words; empty when one can",
    )
    border: tuple[BorderStretch, ...] = ()
    review: Review | None = None
    created_at: Moment


class Change(Contract):
    """One line of a project's stream of changes; `seq` increases without gaps being promised."""

    seq: PositiveInt
    project: Identifier
    kind: Literal["annotation", "job", "task", "prediction", "review"]
    id: Key
    section: SectionNumber | None = None
    author: Identifier | None = None
    at: Moment
