"""Which section to annotate next."""

from backend.domain.errors import NotFoundError
from backend.domain.suggestion import candidates, known_sections, why
from backend.services.projects import Projects
from backend.services.work import WorkReader
from core.contracts.api import SectionSuggestion


class Suggestions:
    """Reads what is annotated, predicted and accepted; the rule is `backend.domain.suggestion`."""

    def __init__(self, work: WorkReader, projects: Projects) -> None:
        self._work = work
        self._projects = projects

    def next_section(self, user: str, project_id: str, area: str) -> SectionSuggestion:
        """The section whose annotation would help the area most, and the runners-up; NotFoundError."""
        project = self._projects.get(user, project_id)
        if area not in project.areas:
            raise NotFoundError(f"Project {project_id} has no area {area}. It has {', '.join(project.areas)}.")
        work = self._work.of(project_id)
        in_brain = {section.number for section in self._projects.brain(project).sections}
        annotated = {number for number, name in work.annotated if name == area}
        newest = {number: found for (number, name), found in work.newest.items() if name == area and number in in_brain}
        known = known_sections(annotated, newest)
        found = candidates(known, newest)
        return SectionSuggestion(area=area, candidates=found, why=why(area, known, newest, found))
