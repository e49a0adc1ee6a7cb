"""Projects, their members, and how far their areas are."""

from collections.abc import Callable

from backend.domain.areas import areas_of, in_words, known_areas
from backend.domain.collections import PROJECTS
from backend.domain.errors import ConflictError, InvalidError, NotFoundError
from backend.domain.marks import marks, progress
from backend.domain.permissions import Action, require, require_on_brain, role_of, unknown_project
from backend.ports import MissingDocumentError, Query, VersionConflictError
from backend.services.accounts import Accounts
from backend.services.brains import Brains, thumbnail_url
from backend.services.documents import read, write
from backend.services.records import Records
from backend.services.work import WorkReader
from core.contracts.api import NewProject, ProjectList, ProjectSummary, SectionState, SectionStates
from core.contracts.datasets import Brain
from core.contracts.nomenclature import SaveAreas
from core.contracts.projects import Member, Project, Role

ATTEMPTS = 20


class Projects:
    """Who may see what, and the project page's numbers."""

    def __init__(self, records: Records, accounts: Accounts, brains: Brains) -> None:
        self._store = records.store
        self._clock = records.clock
        self._changes = records.changes
        self._accounts = accounts
        self._brains = brains
        self._work = WorkReader(records.store)

    def create(self, user: str, new: NewProject) -> Project:
        """A new project with its author as manager; NotFoundError, InvalidError, ConflictError."""
        brain = self._brains.brain(new.brain)
        known = {area.name: area for area in new.own} | known_areas(brain)
        if unknown := [area for area in new.areas if area not in known]:
            own = in_words(area.name for area in brain.areas) or "none of its own"
            raise InvalidError(
                f"Neither brain {new.brain} nor the Julich-Brain nomenclature has an area {in_words(unknown)}. "
                f"The brain has {own}. Choose among those, or say what the others are."
            )
        names = tuple(dict.fromkeys(new.areas))
        if len({name.casefold() for name in names}) < len(names):
            raise InvalidError(f"Two of {in_words(names)} differ by small and capital letters only. Choose other names.")
        project = Project(
            id=new.id,
            title=new.title,
            brain=new.brain,
            areas=names,
            nomenclature=tuple(known[name] for name in names),
            members=(Member(user=user, role="manager"),),
            created_at=self._clock.now(),
        )
        try:
            return read(Project, self._store.put(PROJECTS, new.id, write(project), expected=0))
        except VersionConflictError as error:
            raise ConflictError(f"There is already a project {new.id}. Choose another title.") from error

    def get(self, user: str, project_id: str, action: Action = Action.LOOK) -> Project:
        """The project if the user may do this in it; NotFoundError, ForbiddenError."""
        try:
            project = read(Project, self._store.get(PROJECTS, project_id))
        except MissingDocumentError:
            raise unknown_project(project_id) from None
        require(project, user, action)
        return project

    def require_on_brain(self, user: str, brain_id: str) -> None:
        """ForbiddenError unless the user may change what is computed of the brain."""
        require_on_brain((read(Project, document) for document in self._store.find(PROJECTS, Query())), user, brain_id)

    def brain(self, project: Project) -> Brain:
        """The brain a project is about; NotFoundError when its dataset is gone."""
        return self._brains.brain(project.brain)

    def all(self, user: str) -> ProjectList:
        """The projects the user is a member of."""
        everything = (read(Project, document) for document in self._store.find(PROJECTS, Query()))
        mine = [project for project in everything if role_of(project, user)]
        return ProjectList(projects=tuple(self._summary(project) for project in mine))

    def summary(self, user: str, project_id: str) -> ProjectSummary:
        """One project with the progress of its areas."""
        return self._summary(self.get(user, project_id))

    def sections(self, user: str, project_id: str) -> SectionStates:
        """The filmstrip: every section of the brain with its marks."""
        project = self.get(user, project_id)
        found = marks(self._work.of(project.id), project.areas)
        return SectionStates(
            sections=tuple(
                SectionState(
                    number=section.number,
                    thumbnail_url=thumbnail_url(project.brain, section),
                    marks=found.get(section.number, ()),
                )
                for section in self.brain(project).sections
            )
        )

    def set_areas(self, user: str, project_id: str, wanted: SaveAreas) -> Project:
        """Replace the list of areas; ConflictError when somebody was faster, or for an area in use that is left out."""
        project = self.get(user, project_id, Action.MANAGE)
        names = tuple(area.name for area in wanted.areas)
        work = self._work.of(project_id)
        used = {area for _, area in (*work.annotated, *work.newest)}
        if missing := used.intersection(project.areas).difference(names):
            raise ConflictError(
                f"Areas of project {project_id} are in use: {in_words(missing)}. "
                "Delete their annotations first, or keep the areas.",
                code="area_in_use",
            )
        changed = project.model_copy(update={"areas": names, "nomenclature": wanted.areas})
        try:
            return read(Project, self._store.put(PROJECTS, project_id, write(changed), expected=wanted.version))
        except VersionConflictError as error:
            raise ConflictError(
                f"Project {project_id} was changed by somebody else meanwhile. Load it again and repeat your change."
            ) from error

    def set_member(self, user: str, project_id: str, member: str, role: Role) -> Project:
        """Give a user a role; NotFoundError for an unknown account, ConflictError when no manager would be left."""
        self.get(user, project_id, Action.MANAGE)
        self._accounts.user(member)

        def with_member(project: Project) -> tuple[Member, ...]:
            others = tuple(m for m in project.members if m.user != member)
            return (*others, Member(user=member, role=role))

        return self._change_members(user, project_id, with_member)

    def remove_member(self, user: str, project_id: str, member: str) -> Project:
        """Take a user out; ConflictError when no manager would be left. No error when they are out already."""
        return self._change_members(user, project_id, lambda project: tuple(m for m in project.members if m.user != member))

    def _change_members(self, user: str, project_id: str, change: Callable[[Project], tuple[Member, ...]]) -> Project:
        for _ in range(ATTEMPTS):
            project = self.get(user, project_id, Action.MANAGE)
            members = change(project)
            if not any(member.role == "manager" for member in members):
                raise ConflictError(f"Project {project_id} would have no manager. Make somebody else manager first.")
            changed = project.model_copy(update={"members": members})
            try:
                return read(Project, self._store.put(PROJECTS, project_id, write(changed), expected=project.version))
            except VersionConflictError:
                continue
        raise ConflictError(f"The members of project {project_id} are being changed by others. Try again.")

    def _summary(self, project: Project) -> ProjectSummary:
        last_activity = self._changes.last_at(project.id)
        try:
            brain = self.brain(project)
        except NotFoundError:  # one dataset that is away must not hide the other projects
            title = f"{project.brain} (dataset not found)"
            return ProjectSummary(project=project, brain_title=title, section_count=0, progress=(), last_activity=last_activity)
        return ProjectSummary(
            project=project,
            brain_title=brain.title,
            section_count=len(brain.sections),
            progress=progress(self._work.of(project.id), areas_of(project, brain)),
            last_activity=last_activity,
        )
