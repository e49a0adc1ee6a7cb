"""Outlines interpolated between annotated sections, at once."""

from backend.domain.between import grid_around, neighbours, united, within
from backend.domain.contours import without_specks
from backend.domain.errors import InvalidError, NotFoundError
from backend.domain.outlines import check_place
from backend.services.annotations import Annotations
from backend.services.brains import Brains, find_section
from backend.services.projects import Projects
from core.anatomy.chain import NoChainError, doubt_between
from core.anatomy.shape_between import NoShapeError, propose
from core.contracts.api import ShapeProposal
from core.geometry.polygons import to_paths
from core.units import um_to_mm


class Proposals:
    """Computed from annotations and alignment as they stand, and kept nowhere."""

    def __init__(self, projects: Projects, annotations: Annotations, brains: Brains) -> None:
        self._projects = projects
        self._annotations = annotations
        self._brains = brains

    def shape(self, user: str, project_id: str, section: int, area: str | None) -> ShapeProposal:
        """The area's outline on a section by those of the nearest annotated sections; NotFoundError, InvalidError in words."""
        project = self._projects.get(user, project_id)
        brain = self._projects.brain(project)
        place = find_section(brain, section)
        if area is None:
            raise InvalidError("A proposal needs ?area=, one of the project's areas.")
        check_place(project, area)
        pair = neighbours(section, self._annotations.annotated_sections(project_id, area), area)
        regions = [self._annotations.live(project_id, section=number, area=area) for number in pair]
        placed = [(number, united(one.paths for one in found)) for number, found in zip(pair, regions, strict=True)]
        alignment = self._brains.alignment(brain.id)
        try:
            outline = propose(alignment, placed, section, grid_around(alignment, placed, section))
        except NoChainError as error:
            raise NotFoundError(
                f"{area} cannot be proposed on section {section}: {error} on the page of brain {brain.id}.", code="no_chain"
            ) from error
        except NoShapeError as error:
            raise NotFoundError(f"{area} cannot be proposed on section {section}: {error}.", code="no_shape") from error
        return ShapeProposal(
            area=area,
            section=section,
            paths=to_paths(without_specks(within(outline, brain, place))),
            between=pair,
            distance_mm=um_to_mm(min(section - pair[0], pair[1] - section) * brain.section_thickness_um),
            alignment_doubt=doubt_between(alignment, *pair),
        )
