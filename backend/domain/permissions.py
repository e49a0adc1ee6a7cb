"""Who may do what in a project: one table from action to the least role."""

from collections.abc import Iterable
from enum import StrEnum

from backend.domain.errors import ForbiddenError, NotFoundError
from core.contracts.projects import Project, Role


class Action(StrEnum):
    """What a person can want to do in a project, in words that fit 'may not ...'."""

    LOOK = "look at the project"
    ANNOTATE = "change annotations"
    REVIEW = "review predictions"
    TRAIN = "start or stop training"
    INSPECT = "look inside models"
    MANAGE = "change its members or areas"


RANK: dict[Role, int] = {"viewer": 0, "annotator": 1, "manager": 2}
LEAST_ROLE: dict[Action, Role] = {
    Action.LOOK: "viewer",
    Action.ANNOTATE: "annotator",
    Action.REVIEW: "annotator",
    Action.TRAIN: "annotator",
    Action.INSPECT: "annotator",
    Action.MANAGE: "manager",
}


def role_of(project: Project, user: str) -> Role | None:
    """The user's role in the project, None for a stranger."""
    return next((member.role for member in project.members if member.user == user), None)


def require(project: Project, user: str, action: Action) -> None:
    """Raise unless the user's role allows the action. To a stranger the project does not exist."""
    role = role_of(project, user)
    if role is None:
        raise unknown_project(project.id)
    least = LEAST_ROLE[action]
    if RANK[role] < RANK[least]:
        raise ForbiddenError(
            f"As {role} of project {project.id} you may not {action.value}. "
            f"Ask a manager of the project to make you {least} or more."
        )


def require_on_brain(projects: Iterable[Project], user: str, brain: str) -> None:
    """Raise unless the user is annotator or manager in one of the projects on the brain."""
    roles = {role_of(project, user) for project in projects if project.brain == brain}
    if not roles & {"annotator", "manager"}:
        raise ForbiddenError(
            f"To change what is computed of brain {brain} you need to be annotator or manager in a project on it. "
            "Ask the manager of such a project, or create one."
        )


def unknown_project(project_id: str) -> NotFoundError:
    """The same answer for a project that is not there and for one that is not yours."""
    return NotFoundError(
        f"There is no project {project_id} among yours. Check the address, or ask the project's manager to add you."
    )
