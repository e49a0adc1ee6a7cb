"""Areas of a brain that a person names, each with a colour of its own."""

from collections.abc import Sequence

from pydantic import ValidationError

from core.contracts.datasets import Area
from core.datasets.numbering import IngestError

# Distinct from one another and from gray tissue; taken in turn.
COLOURS = ("#c8553d", "#2f7fb5", "#4f9d69", "#8a62b3", "#c98a1b", "#2a9d9c", "#b6508a", "#7a7f35")


def with_areas(present: Sequence[Area], names: Sequence[str]) -> tuple[Area, ...]:
    """The present areas and those named beside them; IngestError for a name that cannot be one."""
    known = {area.name for area in present}
    new = [name for name in dict.fromkeys(names) if name not in known]
    try:
        added = [
            Area(name=name, long_name=name, colour=COLOURS[(len(present) + i) % len(COLOURS)]) for i, name in enumerate(new)
        ]
    except ValidationError as error:
        raise IngestError(f"{', '.join(map(repr, new))}: take letters, digits, _ - and . for areas, e.g. hOc1") from error
    return (*present, *added)
