"""Transforms to the next section, set by hand."""

from backend.domain.errors import InvalidError
from backend.services.brain_lock import changing
from backend.services.brains import Brains
from backend.services.projects import Projects
from core.anatomy.by_hand import NoSuccessorError, set_step, unset_step
from core.contracts.datasets import Alignment, RigidTransform
from core.datasets import write_alignment


class AlignmentByHand:
    """Each change is made to what is on disk then, one at a time: of two at once on different steps none is lost."""

    def __init__(self, brains: Brains, projects: Projects) -> None:
        self._brains = brains
        self._projects = projects

    def set_step(self, user: str, brain_id: str, section: int, transform: RigidTransform) -> Alignment:
        """Set the transform from the section to the next one; NotFoundError, InvalidError, ForbiddenError."""
        folder = self._brains.newest(brain_id)
        self._projects.require_on_brain(user, brain_id)
        self._brains.section(brain_id, section)
        with changing(folder):
            try:
                changed = set_step(self._brains.alignment(brain_id), folder.brain, section, transform, author=user)
            except NoSuccessorError as error:
                raise InvalidError(f"Section {section} cannot be aligned by hand: {error}.") from error
            write_alignment(folder.path, changed)
        return changed

    def unset_step(self, user: str, brain_id: str, section: int) -> Alignment:
        """Take back a transform set by hand, which brings the computed one back; a computed step stays as it is."""
        folder = self._brains.newest(brain_id)
        self._projects.require_on_brain(user, brain_id)
        self._brains.section(brain_id, section)
        with changing(folder):
            before = self._brains.alignment(brain_id)
            changed = unset_step(before, section)
            if changed != before:
                write_alignment(folder.path, changed)
        return changed
