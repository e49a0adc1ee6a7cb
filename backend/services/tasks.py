"""Training tasks: what can be trained, and starting it once however often it is asked for."""

from collections.abc import Sequence
from importlib.metadata import version

from backend.domain import outlines, pairs
from backend.domain.collections import TASKS
from backend.domain.definitions import Frozen, job_key
from backend.domain.errors import ConflictError, InvalidError, NotFoundError
from backend.domain.permissions import Action
from backend.domain.plans import Plan, global_warning, plans
from backend.ports import MissingDocumentError, Query, VersionConflictError
from backend.services.annotations import Annotations
from backend.services.derived import Derived
from backend.services.documents import read, write
from backend.services.projects import Projects
from backend.services.records import Records
from backend.services.task_jobs import FROZEN, TaskJobs
from core.contracts.annotations import Annotation
from core.contracts.api import NewTask, PairProposal, PresetOffer, TaskList, TrainingOffer
from core.contracts.datasets import Brain
from core.contracts.jobs import BrainReference, time_limit_s
from core.contracts.presets import PRESETS, estimate_s
from core.contracts.projects import AnnotationReference, Project, TaskRun, TrainingTask

BySection = dict[int, list[Annotation]]


class Tasks:
    """The wizard's offer, the list of tasks, and *Train*."""

    def __init__(
        self, records: Records, projects: Projects, derived: Derived, annotations: Annotations, jobs: TaskJobs
    ) -> None:
        self._records = records
        self._projects = projects
        self._derived = derived
        self._annotations = annotations
        self._jobs = jobs

    def offer(self, user: str, project_id: str, area: str) -> TrainingOffer:
        """Annotated sections, consecutive pairs with what speaks against them, and presets with estimates."""
        project = self._projects.get(user, project_id)
        if area not in project.areas:
            raise NotFoundError(f"Project {project_id} has no area {area}. It has {', '.join(project.areas)}.")
        brain = self._projects.brain(project)
        by_section = self._by_section(project, area)
        annotated = tuple(by_section)
        proposals = self._proposals(brain, pairs.consecutive(annotated), by_section)
        return TrainingOffer(
            area=area,
            annotated_sections=annotated,
            pairs=proposals,
            presets=self._presets(proposals),
            missing=pairs.missing(area, annotated, proposals),
            global_problems=self._global_problems(brain, by_section),
            global_warning=global_warning(area, annotated),
        )

    def all(self, user: str, project_id: str) -> TaskList:
        """The tasks of a project, newest first."""
        self._projects.get(user, project_id)
        query = Query({"project": project_id}, order_by="created_at", descending=True)
        return TaskList(tasks=tuple(read(TrainingTask, found) for found in self._records.store.find(TASKS, query)))

    def create(self, user: str, project_id: str, new: NewTask) -> TrainingTask:
        """Start a task; the same key again gives the same task. InvalidError says in words why training is refused.

        The stored task is the order: the jobs follow from it, here or, after a crash, in the monitor.
        """
        project = self._projects.get(user, project_id, Action.TRAIN)
        document_id = f"{project_id}/{new.key}"
        if (existing := self._existing(document_id)) is not None:
            return _same(existing, new)
        task, frozen = self._prepare(user, project, new)
        document = write(task, stage="new")
        document["frozen"] = FROZEN.dump_python(frozen, mode="json")
        try:
            self._records.store.put(TASKS, document_id, document, expected=0)
        except VersionConflictError:
            return _same(read(TrainingTask, self._records.store.get(TASKS, document_id)), new)
        self._records.changes.tell(project_id, "task", task.id, author=user)
        self._jobs.start(document_id)
        return task

    def _prepare(self, user: str, project: Project, new: NewTask) -> tuple[TrainingTask, Frozen]:
        brain = self._projects.brain(project)
        by_section = self._by_section(project, new.area)
        _check(project, new)
        proposals = self._proposals(brain, new.pairs, by_section)
        whole = self._global_problems(brain, by_section) if new.method == "global" else ()
        _check_ready(new.area, [*(message for proposal in proposals for message in proposal.problems), *whole])
        settings = new.settings or PRESETS[new.preset].settings
        if new.start_job is not None:
            self._jobs.check_start(project.id, new.start_job, settings)
        planned = plans(new.method, proposals, tuple(by_section))
        if not all(plan.between for plan in planned):
            _check_ready(new.area, ["All sections between those of the pairs are annotated, so there is nothing to predict."])
        longest = max(len(plan.between) for plan in planned)
        task = TrainingTask(
            id=new.key,
            project=project.id,
            area=new.area,
            preset=new.preset,
            settings=settings,
            method=new.method,
            pairs=new.pairs,
            start_job=new.start_job,
            runs=tuple(_run(project, new.key, index, plan, by_section) for index, plan in enumerate(planned)),
            author=user,
            created_at=self._records.clock.now(),
        )
        frozen = Frozen(
            brain=BrainReference(id=brain.id, fingerprint=self._derived.folder(brain.id).fingerprint()),
            between=tuple(plan.between for plan in planned),
            code_version=version("brodmann"),
            time_limit_s=time_limit_s(estimate_s(settings, longest, self._jobs.has_gpus())[0]),
        )
        return task, frozen

    def _proposals(self, brain: Brain, wanted: Sequence[pairs.Pair], by_section: BySection) -> tuple[PairProposal, ...]:
        problems = _problems(brain, by_section)
        lacking = self._derived.lacking(brain, wanted)
        return tuple(pairs.propose(brain, pair, problems, lacking[pair]) for pair in wanted)

    def _presets(self, proposals: tuple[PairProposal, ...]) -> tuple[PresetOffer, ...]:
        between = [len(proposal.sections_between) for proposal in proposals] or [1]
        has_gpus = self._jobs.has_gpus()
        offers = []
        for preset in PRESETS.values():
            seconds, basis = estimate_s(preset.settings, max(between), has_gpus)
            whole_s, _ = estimate_s(preset.settings, sum(between), has_gpus)
            offers.append(PresetOffer(preset=preset, estimate_s=seconds, global_estimate_s=whole_s, estimate_basis=basis))
        return tuple(offers)

    def _global_problems(self, brain: Brain, by_section: BySection) -> tuple[str, ...]:
        """What speaks against training on all annotated sections, in words."""
        if len(by_section) < 2:
            return ("A global model needs two annotated sections or more.",)
        against = [message for messages in _problems(brain, by_section).values() for message in messages]
        return (*against, *self._derived.without_tissue(brain, by_section))

    def _by_section(self, project: Project, area: str) -> BySection:
        found: BySection = {}
        for annotation in self._annotations.live(project.id, area=area):
            found.setdefault(annotation.section, []).append(annotation)
        return dict(sorted(found.items()))

    def _existing(self, document_id: str) -> TrainingTask | None:
        try:
            return read(TrainingTask, self._records.store.get(TASKS, document_id))
        except MissingDocumentError:
            return None


def _problems(brain: Brain, by_section: BySection) -> pairs.SectionProblems:
    """What is wrong with the outlines of each annotated section, in words."""
    known = {section.number: section for section in brain.sections}
    return {
        number: tuple(
            f"Section {number}, {outlines.name(annotation)}: {problem.message}"
            for annotation in annotations
            for problem in outlines.problems(annotation, brain, known[number])
        )
        if number in known
        else (f"Section {number} is no longer in brain {brain.id}.",)
        for number, annotations in by_section.items()
    }


def _check(project: Project, new: NewTask) -> None:
    outlines.check_place(project, new.area)
    if new.preset not in PRESETS:
        raise InvalidError(f"There is no preset {new.preset}. There are {', '.join(PRESETS)}.", code="unknown_preset")
    if len(set(new.pairs)) < len(new.pairs):
        raise InvalidError("A pair is named twice. Name each pair once.", code="not_trainable")


def _check_ready(area: str, against: Sequence[str]) -> None:
    if against:
        raise InvalidError(
            f"{area} cannot be trained: {' '.join(dict.fromkeys(against))}", {"problems": against}, code="not_trainable"
        )


def _run(project: Project, key: str, index: int, plan: Plan, by_section: BySection) -> TaskRun:
    used = [annotation for section in plan.sections for annotation in by_section[section]]
    return TaskRun(
        sections=plan.sections,
        train_job=job_key(project.id, key, index, "train"),
        predict_job=job_key(project.id, key, index, "predict"),
        annotations=tuple(AnnotationReference(uid=one.uid, version=one.version) for one in used),
    )


def _same(existing: TrainingTask, new: NewTask) -> TrainingTask:
    pairs_before: tuple[tuple[int, ...], ...] = existing.pairs or tuple(run.sections for run in existing.runs)
    before = (existing.area, existing.preset, existing.method, existing.start_job)
    if pairs_before != new.pairs or before != (new.area, new.preset, new.method, new.start_job):
        raise ConflictError(f"The key {new.key} belongs to another task already. Start again with a new key.")
    return existing
