import numpy as np
import pytest
import shapely

from core.anatomy.chain import NoChainError
from core.anatomy.shape_between import NoShapeError, interpolated_distance, propose
from core.contracts.datasets import Alignment, AlignmentStep, RasterGrid, RigidTransform
from core.geometry.affine import apply, rigid_matrix
from core.geometry.polygons import area_um2, outline_problems, to_paths

TURN = RigidTransform(angle_rad=0.3, dx_um=400.0, dy_um=-250.0)


def chain(transform: RigidTransform) -> Alignment:
    """Sections 10, 15, 20, each carried onto the next by the same transform."""
    steps = (AlignmentStep(section=number, successor=number + 5, transform=transform) for number in (10, 15))
    return Alignment(base_section=10, steps=tuple(steps))


STILL, MOVED = chain(RigidTransform()), chain(TURN)
GRID = RasterGrid(pixel_size_um=20.0, width_px=300, height_px=250)


def circle(x: float, y: float, radius: float) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def test_the_distance_is_in_um_and_positive_inside() -> None:
    ring = circle(3000, 2500, 1000)
    distance = interpolated_distance(STILL, [(10, [ring]), (20, [ring])], 15, GRID)
    assert distance.shape == (250, 300)
    assert distance.dtype == np.float32
    assert distance.max() == pytest.approx(1000, abs=25)
    y, x = (np.indices(distance.shape) + 0.5) * 20
    assert np.abs(distance - (1000 - np.hypot(x - 3000, y - 2500))).max() < 25


@pytest.mark.parametrize(("section", "radius"), [(10, 600), (15, 900), (20, 1200)])
def test_a_circle_grows_evenly_between_the_sections(section: int, radius: float) -> None:
    rings = propose(STILL, [(10, [circle(3000, 2500, 600)]), (20, [circle(3000, 2500, 1200)])], section, GRID)
    assert len(rings) == 1
    assert np.sqrt(area_um2(rings) / np.pi) == pytest.approx(radius, rel=0.02)


def test_outlines_are_carried_by_the_alignment() -> None:
    """The same piece of tissue on turned and shifted sections is proposed where the tissue lies."""
    once = rigid_matrix(TURN)
    there = circle(2500, 2000, 700) * (1.0, 0.8)
    placed = [(10, [there]), (20, [apply(once @ once, there)])]
    proposed = shapely.Polygon(propose(MOVED, placed, 15, GRID)[0])
    meant = shapely.Polygon(apply(once, there))
    assert proposed.symmetric_difference(meant).area < 0.02 * meant.area


def test_a_hole_stays_a_hole() -> None:
    outline = [circle(3000, 2500, 1500), circle(3000, 2500, 500)]
    rings = propose(STILL, [(10, outline), (20, outline)], 15, GRID)
    assert len(rings) == 2
    assert area_um2(rings) == pytest.approx(np.pi * (1500**2 - 500**2), rel=0.02)


def test_shapes_that_do_not_meet_vanish_in_between() -> None:
    assert propose(STILL, [(10, [circle(1000, 1000, 400)]), (20, [circle(4500, 3500, 400)])], 15, GRID) == []


def test_what_reaches_beyond_the_section_is_cut_at_its_edge() -> None:
    outline = [circle(200, 2500, 1000)]
    rings = propose(STILL, [(10, outline), (20, outline)], 15, GRID)
    assert outline_problems(to_paths(rings), 6000, 5000) == ()
    assert rings[0][:, 0].min() == pytest.approx(0, abs=20)
    inside = interpolated_distance(STILL, [(10, outline), (20, outline)], 15, GRID)
    assert inside[125, 0] == pytest.approx(800, abs=25)  # to the outline beyond the edge, not to the edge


def test_a_proposal_has_few_points() -> None:
    outline = [circle(3000, 2500, 1000)]
    assert len(propose(STILL, [(10, outline), (20, outline)], 15, GRID)[0]) < 80


@pytest.mark.parametrize(
    ("placed", "section", "words"),
    [
        ([(10, [circle(3000, 2500, 600)])], 15, "does not lie between two"),
        ([(10, [circle(3000, 2500, 600)]), (20, [circle(3000, 2500, 600)])], 25, "section 25 does not lie between"),
        ([(10, [circle(3000, 2500, 600)]), (20, [])], 15, "no outline on section 20; draw it"),
        ([(10, [circle(3000, 2500, 0.5)]), (20, [circle(3000, 2500, 600)])], 15, "section 10 holds no pixel of 20 µm"),
    ],
)
def test_what_cannot_be_interpolated_is_named(placed: list, section: int, words: str) -> None:
    with pytest.raises(NoShapeError, match=words):
        propose(STILL, placed, section, GRID)


def test_a_gap_in_the_alignment_is_named() -> None:
    broken = STILL.model_copy(update={"steps": STILL.steps[:1]})
    with pytest.raises(NoChainError, match="section 15 is not aligned"):
        propose(broken, [(10, [circle(3000, 2500, 600)]), (20, [circle(3000, 2500, 600)])], 15, GRID)
