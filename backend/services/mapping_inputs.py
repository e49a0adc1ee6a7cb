"""What a job of features or graphs reads: annotations of one or several projects as they stand, and results of other jobs."""

from collections.abc import Iterable, Sequence

from pydantic import TypeAdapter

from backend.domain.collections import JOBS
from backend.domain.errors import InvalidError
from backend.domain.mapping import DOES, MappingKind, check_areas, check_brains, drawn_areas
from backend.domain.permissions import Action
from backend.ports import Document, DocumentStore, MissingDocumentError
from backend.services.annotations import Annotations
from backend.services.derived import Derived
from backend.services.documents import read
from backend.services.projects import Projects
from core.contracts.api_mapping import MappingParameters, NewMapping
from core.contracts.base import Contract, Identifier
from core.contracts.jobs import BrainInputs, BrainReference, JobInputs, JobReport, JobState
from core.contracts.projects import AnnotationReference, Project


class FrozenBrain(Contract):
    """A brain, and which revisions of whose annotations on it a job uses."""

    project: Identifier
    brain: BrainReference
    annotations: tuple[AnnotationReference, ...]


FROZEN: TypeAdapter[tuple[FrozenBrain, ...]] = TypeAdapter(tuple[FrozenBrain, ...])


class MappingInputs:
    """Every check names what is missing and where to get it."""

    def __init__(self, store: DocumentStore, projects: Projects, annotations: Annotations, derived: Derived) -> None:
        self._store = store
        self._projects = projects
        self._annotations = annotations
        self._derived = derived

    def project(self, user: str, project_id: str, action: Action = Action.LOOK) -> Project:
        """The project if the user may do this in it; NotFoundError, ForbiddenError."""
        return self._projects.get(user, project_id, action)

    def freeze(self, user: str, project: Project, new: NewMapping) -> tuple[FrozenBrain, ...]:
        """The annotations the job will use, the project's own brain first; InvalidError says in words what is missing."""
        projects = (project, *(self._projects.get(user, other) for other in new.more_projects))
        check_brains(projects, new.parameters)
        self._check_needed(projects, new.parameters)
        drawn = {each.brain: self._drawn(each.id, drawn_areas(new.parameters)) for each in projects}
        check_areas(project, new.parameters, drawn.items())
        if new.parameters.kind == "midsurface":
            self._check_computed(project)
        if new.parameters.kind == "graph" and "maps" in new.parameters.settings.features:
            self._check_projected(projects)
        return tuple(
            FrozenBrain(
                project=each.id,
                brain=BrainReference(id=each.brain, fingerprint=self._derived.folder(each.brain).fingerprint()),
                annotations=tuple(reference for found in drawn[each.brain].values() for reference in found),
            )
            for each in projects
        )

    def _drawn(self, project_id: str, areas: Iterable[str]) -> dict[str, list[AnnotationReference]]:
        """By area the regions there are; areas without any are left out."""
        found = {area: self._annotations.live(project_id, area=area) for area in areas}
        return {
            area: [AnnotationReference(uid=region.uid, version=region.version) for region in regions]
            for area, regions in found.items()
            if regions
        }

    def _check_needed(self, projects: Sequence[Project], parameters: MappingParameters) -> None:
        if parameters.kind == "graph":
            if len(parameters.midsurface_jobs) != len(projects):
                raise InvalidError(
                    f"{len(projects)} brains need as many surfaces, got {len(parameters.midsurface_jobs)}.", code="no_surface"
                )
            for project, key in zip(projects, parameters.midsurface_jobs, strict=True):
                self._check_ended(self._found([project], key), "midsurface", f"brain {project.brain}")
        if parameters.kind in ("classify_patches", "graph") and parameters.features_job is not None:
            self._check_ended(self._found(projects, parameters.features_job), "features", "these projects")

    def _found(self, projects: Sequence[Project], key: str) -> Document | None:
        for project in projects:
            try:
                return self._store.get(JOBS, f"{project.id}/{key}")
            except MissingDocumentError:
                continue
        return None

    def _check_ended(self, job: Document | None, kind: MappingKind, where: str) -> None:
        if job is None or job["kind"] != kind:
            raise InvalidError(
                f"There is no job that {DOES[kind]} of {where} to go on from. Start one, and this when it is done.",
                code="no_such_job",
            )
        report = read(JobReport, job["report"])
        if report.state != JobState.SUCCEEDED:
            raise InvalidError(
                f"“{report.title}” is {report.state.value}, so there is nothing to go on from. Wait for it, or choose one "
                "that succeeded.",
                code="not_succeeded",
            )

    def _check_computed(self, project: Project) -> None:
        """A surface is made of the tissue classes of all sections, put upon one another by the alignment."""
        brain = self._projects.brain(project)
        numbers = [section.number for section in brain.sections]
        if len(numbers) < 2:
            raise InvalidError(f"Brain {brain.id} has too few sections for a surface. Ingest sections first.")
        pair = numbers[0], numbers[-1]
        if lacking := self._derived.lacking(brain, [pair])[pair]:
            raise InvalidError(" ".join(lacking), code="not_computed")

    def _check_projected(self, projects: Sequence[Project]) -> None:
        """Probabilistic maps can be known where somebody projected them; which ones, the job sees before it computes."""
        lacking = [project.brain for project in projects if not self._derived.projected(project.brain)]
        if lacking:
            raise InvalidError(
                f"No probabilistic maps were projected onto the sections of {', '.join(lacking)}. Run `brodmann atlas` "
                "with them on that brain, or leave maps out of what nodes know.",
                {"brains": lacking},
                code="no_maps",
            )


def job_inputs(annotations: Annotations, frozen: Sequence[FrozenBrain]) -> JobInputs:
    """The frozen revisions inline, as they travel; NotFoundError when one is gone."""
    brains = [
        BrainInputs(
            brain=each.brain,
            annotations=tuple(annotations.at_version(each.project, one.uid, one.version).frozen() for one in each.annotations),
        )
        for each in frozen
    ]
    return JobInputs(brain=brains[0].brain, annotations=brains[0].annotations, more=tuple(brains[1:]))
