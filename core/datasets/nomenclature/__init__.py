"""The areas a project can start from: names and lobes of the Julich-Brain nomenclature (thesis table 3.2).

Colours are those of the Julich-Brain atlas, version 3.1 or the newest before it that has the area (Amunts et al., Science
369, 2020). Areas that are parts of one entry there have its hue in several shades; those it does not have (Te4, Te5, Ti1,
Ti2, 11a, 11p, 13, 8a to 8d, fms1, aId1 to aId3, aIa, Iad1) have colours of our choice.
"""

from functools import cache
from importlib.resources import files

from pydantic import TypeAdapter

from core.contracts.datasets import Area

_AREAS = TypeAdapter(tuple[Area, ...])


@cache
def julich_brain() -> tuple[Area, ...]:
    """The 113 areas of thesis table 3.2, by lobe."""
    return _AREAS.validate_json((files(__name__) / "julich_brain.json").read_bytes())
