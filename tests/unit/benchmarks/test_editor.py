"""What is measured is what was meant: rings that are regions, all on the section."""

import numpy as np
import pytest
from shapely import Polygon

from benchmarks.editor import LARGE_CENTRES_UM, LARGE_NODES, LARGE_RADIUS_UM, NODES, RADIUS_UM, centres, outline

SIDE_UM = 8_000.0  # of the tiny phantom's sections


def test_300_regions_lie_on_the_section() -> None:
    places = centres()
    reach = max(float(np.hypot(*(outline(place, RADIUS_UM, 200, seed) - place).T).max()) for seed, place in enumerate(places))
    assert len(places) == 300
    assert 0 < np.min(places) - reach < np.max(places) + reach < SIDE_UM


@pytest.mark.parametrize(("radius_um", "nodes"), [(RADIUS_UM, NODES), (LARGE_RADIUS_UM, LARGE_NODES)])
def test_an_outline_has_its_points_and_crosses_itself_nowhere(radius_um: float, nodes: int) -> None:
    ring = outline((4_000.0, 4_000.0), radius_um, nodes, 7)
    assert len(np.unique(ring, axis=0)) == nodes
    assert Polygon(ring).is_valid


def test_the_two_large_rings_overlap_and_neither_holds_the_other() -> None:
    one, other = (Polygon(outline(place, LARGE_RADIUS_UM, LARGE_NODES, seed)) for seed, place in enumerate(LARGE_CENTRES_UM))
    assert one.overlaps(other)
