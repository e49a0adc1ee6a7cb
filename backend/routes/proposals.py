"""What can be said at once, without any job: an outline in between, and what to annotate next."""

from backend.routes.binding import Views, user
from backend.services.proposals import Proposals
from backend.services.suggestions import Suggestions
from core.contracts.api import SectionSuggestion, ShapeProposal


def proposal_views(proposals: Proposals, suggestions: Suggestions) -> Views:
    """Views of proposed outlines and sections."""

    def read_shape_proposal(project: str, section: int, area: str | None) -> ShapeProposal:
        return proposals.shape(user(), project, section, area)

    def read_suggestion(project: str, area: str) -> SectionSuggestion:
        return suggestions.next_section(user(), project, area)

    return {"read_shape_proposal": read_shape_proposal, "read_suggestion": read_suggestion}
