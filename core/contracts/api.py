"""Request and response shapes of the backend's API; `core.contracts.routes` says where each is used."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from core.contracts.anatomy import TissueCorrection, TissueStroke
from core.contracts.annotations import Annotation, Drawing, Drawn, FromPrediction, Imported, OutlineProblem, Path
from core.contracts.base import XY, Contract, Identifier, Key, Moment
from core.contracts.cluster import Hop
from core.contracts.datasets import AlignmentStep, Area, Brain, RasterGrid, RigidTransform, SectionFlag, SectionNumber
from core.contracts.inspection import Inspection, InspectParameters
from core.contracts.jobs import JobReport, Progress
from core.contracts.projects import Change, Method, Pair, Prediction, Project, TrainedSections, TrainingTask, User, Verdict
from core.contracts.training import Preset, SegmentationSettings


class ErrorBody(Contract):
    """What went wrong, to which object, and what to do."""

    code: Identifier
    message: str
    details: dict[str, object] = Field(default_factory=dict)


class ErrorResponse(Contract):
    """The one shape of every error answer."""

    error: ErrorBody


class Health(Contract):
    """Whether the backend and what it needs are there; the reason names no address, because anybody may ask."""

    status: Literal["ok", "degraded"]
    version: str
    compute: Literal["reachable", "unreachable"]
    compute_hop: Hop | None = None
    compute_reason: str = ""
    store: Literal["sqlite", "mongo"]


class Login(Contract):
    """Name and password of a local account."""

    name: Identifier
    password: str = Field(min_length=1, max_length=1000)


class NewPassword(Contract):
    """One's own password changed: the one that holds, and the one that shall."""

    current: str = Field(min_length=1, max_length=1000)
    wanted: str = Field(min_length=1, max_length=1000)


class Session(Contract):
    """The person logged in and the CSRF token to send as `X-CSRF-Token` with every change."""

    user: User
    csrf_token: str


class BrainList(Contract):
    """Every brain dataset below the brains folder; those that cannot be read are named with the reason."""

    brains: tuple[Brain, ...]
    problems: tuple[str, ...] = ()


class SectionFacts(Contract):
    """One section on the brain's page: its image and what was derived of it."""

    number: SectionNumber
    thumbnail_url: str
    width_mm: NonNegativeFloat
    height_mm: NonNegativeFloat
    flags: tuple[SectionFlag, ...] = ()
    problem: str = Field(default="", description="why the image cannot be shown, in words; empty when it can")
    tissue: Literal["missing", "computed", "corrected"]
    step: AlignmentStep | None = Field(default=None, description="to the next section; null while it is not aligned")


class BrainSections(Contract):
    """Every section of a brain in order, with its state."""

    sections: tuple[SectionFacts, ...]


class NewBrainJob(Contract):
    """A job on a brain to start. `key` is made by the client: the same key twice is the same job."""

    key: Key
    kind: Literal["tissue", "align"]
    sections: tuple[SectionNumber, ...] = Field(default=(), max_length=20_000, description="empty: those where it is missing")


class BrainJob(Contract):
    """A job on a brain, outside any project."""

    brain: Identifier
    sections: tuple[SectionNumber, ...]
    author: Identifier
    created_at: Moment
    report: JobReport


class BrainJobList(Contract):
    """Jobs on a brain, newest first."""

    jobs: tuple[BrainJob, ...]


class TissueView(Contract):
    """The tissue classes of a section as they are shown: computed, with what was painted over them."""

    version: Identifier = Field(description="of the raster's content, for its address")
    grid: RasterGrid
    correction: TissueCorrection


class SaveTissueCorrection(Contract):
    """All strokes as the client has them. `version` is the version it started from."""

    version: NonNegativeInt
    strokes: tuple[TissueStroke, ...] = Field(max_length=2_000)


class SetStep(Contract):
    """The transform from a section to the next one, set by a person."""

    transform: RigidTransform


class NewProject(Contract):
    """A project to create; its author becomes its manager."""

    id: Identifier
    title: str = Field(min_length=1, max_length=200)
    brain: Identifier
    areas: tuple[Identifier, ...] = Field(min_length=1, max_length=500)
    own: tuple[Area, ...] = Field(
        default=(), max_length=500, description="what those of `areas` are that neither the brain nor the nomenclature names"
    )


class ProjectList(Contract):
    """The projects the user may see."""

    projects: tuple["ProjectSummary", ...]


class AreaProgress(Contract):
    """How far one area is."""

    area: Area
    annotated: NonNegativeInt
    predicted: NonNegativeInt
    accepted: NonNegativeInt
    rejected: NonNegativeInt
    corrected: NonNegativeInt


class ProjectSummary(Contract):
    """A project with the progress of each of its areas."""

    project: Project
    brain_title: str
    section_count: NonNegativeInt
    progress: tuple[AreaProgress, ...]
    last_activity: Moment | None = Field(default=None, description="of the newest change; null while nothing was done")


class AreaMark(Contract):
    """What there is of one area on one section: the marks of the filmstrip."""

    area: Identifier
    annotated: bool = False
    predicted: bool = False
    verdict: Verdict | None = None
    mean_confidence: float | None = None
    doubt: float | None = None


class SectionState(Contract):
    """One frame of the filmstrip."""

    number: SectionNumber
    thumbnail_url: str
    marks: tuple[AreaMark, ...]


class SectionStates(Contract):
    """The filmstrip of a project, in the order of section numbers."""

    sections: tuple[SectionState, ...]


class AnnotationList(Contract):
    """Annotations of a project's section: those that are there, or the deleted ones."""

    annotations: tuple[Annotation, ...]


class SaveAnnotation(Drawing):
    """One region, line or note as the client has it. `version` is the version it started from; 0 creates."""

    section: SectionNumber
    version: NonNegativeInt
    source: Drawn | Imported = Field(default=Drawn(), discriminator="kind")


class SavedAnnotation(Contract):
    """The stored region, with what is wrong with its outline in words (saved all the same; training refuses it)."""

    annotation: Annotation
    problems: tuple[OutlineProblem, ...] = ()


class Conflict(Contract):
    """`details` of a 409 on saving: the region as it stands on the server."""

    current: Annotation


class AnnotationRevision(Drawing):
    """One immutable state of a region, line or note."""

    version: PositiveInt
    action: Literal["saved", "deleted", "restored"]
    author: Identifier
    at: Moment
    source: Drawn | Imported | FromPrediction = Field(discriminator="kind")


class RevisionList(Contract):
    """The history of a region, newest first."""

    revisions: tuple[AnnotationRevision, ...]


class PairProposal(Contract):
    """Two consecutive annotated sections of an area, and the sections a local model between them would fill."""

    sections: Pair
    distance_mm: float
    sections_between: tuple[SectionNumber, ...]
    problems: tuple[str, ...] = Field(default=(), description="why training would be refused, in words; empty when ready")


class PresetOffer(Contract):
    """A preset with estimates on the connected compute service."""

    preset: Preset
    estimate_s: NonNegativeFloat = Field(description="of one pair: training and the sections in between")
    global_estimate_s: NonNegativeFloat = Field(description="of one model of all annotated sections, and all in between")
    estimate_basis: str = Field(description="what the estimate rests on, in words")


class TrainingOffer(Contract):
    """What the wizard shows for one area."""

    area: Identifier
    annotated_sections: tuple[SectionNumber, ...]
    pairs: tuple[PairProposal, ...]
    presets: tuple[PresetOffer, ...]
    missing: str = Field(default="", description="what is missing before this area can be trained; empty when ready")
    global_problems: tuple[str, ...] = Field(
        default=(), description="why one model of all annotated sections would be refused, in words; empty when ready"
    )
    global_warning: str = Field(default="", description="what to know before training such a model; empty when all is well")


class NewTask(Contract):
    """A training task to start. `key` is made by the client: the same key twice is the same task."""

    key: Key
    area: Identifier
    pairs: tuple[Pair, ...] = Field(min_length=1, max_length=200)
    preset: Identifier
    settings: SegmentationSettings | None = Field(default=None, description="expert values in place of the preset's")
    method: Method = Field(
        default="local", description="global: one model of all annotated sections; the pairs say which intervals it fills"
    )
    start_job: Key | None = Field(default=None, description="a training job of this project whose model to go on from")


class TaskList(Contract):
    """The training tasks of a project, newest first."""

    tasks: tuple[TrainingTask, ...]


class ProjectJob(Contract):
    """A job with the task it or its model belongs to, and the sections the model is trained on."""

    project: Identifier
    task: Key
    area: Identifier
    sections: TrainedSections
    author: Identifier
    report: JobReport
    inspects: InspectParameters | None = Field(default=None, description="of an inspect job: which model, and where")


class JobList(Contract):
    """Jobs, newest first."""

    jobs: tuple[ProjectJob, ...]


class NewInspection(Contract):
    """A look inside a model. `key` is made by the client: the same key twice is the same look."""

    key: Key
    model_job: Key
    section: SectionNumber
    centre_um: XY


class InspectionView(Contract):
    """A look inside a model: its job, and what it showed once that is here."""

    job: ProjectJob
    inspection: Inspection | None = None


class JobProgress(Contract):
    """Lines of a job's progress from `offset` on; ask again with `next_offset`."""

    lines: tuple[Progress, ...]
    next_offset: NonNegativeInt


class JobLog(Contract):
    """The end of a job's log."""

    text: str
    truncated: bool


class PredictionList(Contract):
    """The newest prediction of each area on a section."""

    predictions: tuple[Prediction, ...]


class ShapeProposal(Contract):
    """An area's outline on a section, interpolated between the annotated sections around it: at once, without any job."""

    area: Identifier
    section: SectionNumber
    paths: tuple[Path, ...] = Field(description="empty where the shapes vanish in between")
    between: Pair
    distance_mm: NonNegativeFloat = Field(description="to the nearer of the two")
    alignment_doubt: str = Field(
        default="", description="why the alignment it rests on cannot be trusted, in words; empty when it can"
    )


class SectionCandidate(Contract):
    """A section that could be annotated next, with what that is expected to be worth."""

    section: SectionNumber
    gain_mm2: NonNegativeFloat = Field(description="wrongly labelled area that annotating it is expected to save")


class SectionSuggestion(Contract):
    """The section whose annotation would help most, and the runners-up."""

    area: Identifier
    candidates: tuple[SectionCandidate, ...] = Field(description="best first; empty when nothing is predicted or all is sure")
    why: str = Field(description="what the order rests on, in words")


class NewReview(Contract):
    """Accept or reject a prediction, or take the newest verdict back; correcting has its own route."""

    verdict: Literal["accepted", "rejected", "withdrawn"]
    reason: str = Field(default="", max_length=500)


class ChangeList(Contract):
    """Changes after a sequence number: the polling fallback of the event stream."""

    changes: tuple[Change, ...]
    latest: NonNegativeInt


class OutlineList(Contract):
    """Closed rings in section µm, for drawing a prediction's outline."""

    paths: tuple[Path, ...]
