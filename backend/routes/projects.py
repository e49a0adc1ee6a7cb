"""Projects, members and the filmstrip."""

from backend.routes.binding import Views, user
from backend.services.projects import Projects
from core.contracts.api import NewProject, ProjectList, ProjectSummary, SectionStates
from core.contracts.nomenclature import Nomenclature, SaveAreas
from core.contracts.projects import NewMember, Project
from core.datasets.nomenclature import julich_brain


def project_views(projects: Projects) -> Views:
    """Views of projects."""

    def list_projects() -> ProjectList:
        return projects.all(user())

    def create_project(body: NewProject) -> Project:
        return projects.create(user(), body)

    def read_project(project: str) -> ProjectSummary:
        return projects.summary(user(), project)

    def read_nomenclature() -> Nomenclature:
        return Nomenclature(areas=julich_brain())

    def save_areas(project: str, body: SaveAreas) -> Project:
        return projects.set_areas(user(), project, body)

    def set_member(project: str, body: NewMember, **member: str) -> Project:
        return projects.set_member(user(), project, member["user"], body.role)

    def remove_member(project: str, **member: str) -> Project:
        return projects.remove_member(user(), project, member["user"])

    def list_sections(project: str) -> SectionStates:
        return projects.sections(user(), project)

    return {
        "list_projects": list_projects,
        "create_project": create_project,
        "read_project": read_project,
        "read_nomenclature": read_nomenclature,
        "save_areas": save_areas,
        "set_member": set_member,
        "remove_member": remove_member,
        "list_sections": list_sections,
    }
