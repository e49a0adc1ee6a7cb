from uuid import uuid4

import numpy as np
import pytest

from core.anatomy.midsurface import Midsurface
from core.contracts.annotations import FrozenAnnotation
from core.contracts.datasets import RasterGrid
from core.datasets.atlas import Projection
from core.graphs import node_features
from core.graphs.cortex import NOT_ANNOTATED, TEST, TRAINING, TRANSFER
from core.graphs.node_features import (
    MapsError,
    annotated_nodes,
    atlas_features,
    node_uses,
    on_sections,
    own_coordinates,
    scaled_together,
)
from tests.fakes.midsurfaces import flat_midsurface

SECTIONS = (901, 911, 921)


@pytest.fixture
def surface() -> Midsurface:
    return flat_midsurface(columns=5, sections=SECTIONS)


def drawn(section: int, area: str, left_um: float, right_um: float) -> FrozenAnnotation:
    paths = (((left_um, -50.0), (right_um, -50.0), (right_um, 50.0), (left_um, 50.0)),)
    return FrozenAnnotation(uid=uuid4().hex, version=1, section=section, area=area, paths=paths)


def test_nodes_are_told_by_section_without_those_that_are_not_usable(surface):
    found = dict(on_sections(surface))
    assert list(found) == list(SECTIONS)
    assert [len(nodes) for nodes in found.values()] == [5, 5, 4]


def test_a_node_has_the_area_it_lies_in_on_its_own_section(surface):
    annotations = [
        drawn(901, "hOc1", -50, 250),
        drawn(901, "hOc2", 350, 850),
        drawn(921, "hOc1", 350, 850),
        drawn(921, "PF", -50, 900),
    ]
    found = annotated_nodes(surface, annotations, ("hOc1", "hOc2")).reshape(3, 5)
    assert found.tolist() == [[0, 0, 1, 1, 1], [-1] * 5, [-1, -1, 0, 0, -1]]


def test_nodes_are_for_what_the_patches_of_their_sections_are_for(surface):
    annotations = [drawn(number, "hOc1", -50, 250) for number in SECTIONS]
    uses = node_uses(surface, annotations, ("hOc1",), 3, held_out=False)
    assert uses[:14].tolist() == [TRAINING] * 5 + [TEST] * 5 + [TRAINING] * 4
    assert set(node_uses(surface, annotations, ("hOc1",), 3, held_out=True)[:14]) == {TRANSFER}
    assert set(node_uses(surface, annotations, ("PF",), 3, held_out=False)) == {NOT_ANNOTATED}


def projection(areas: tuple[str, ...]) -> Projection:
    grid = RasterGrid(pixel_size_um=200.0, width_px=4, height_px=2)
    coordinates = np.arange(24, dtype=np.float32).reshape(2, 4, 3) / 24
    coordinates[0, 1] = np.nan
    shares = np.broadcast_to(np.linspace(0, 1, 4)[None, :, None], (2, 4, len(areas))).astype(np.float32)
    return Projection("here", grid, coordinates, areas, shares)


def test_coordinates_and_maps_are_read_where_nodes_lie(surface, monkeypatch):
    monkeypatch.setattr(node_features, "read_projection", lambda _folder, _number: projection(("hOc1", "PF")))
    found = atlas_features(None, surface)
    assert found.areas == ("hOc1", "PF")
    assert found.maps[:5, 0].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1, 1], abs=1e-3)
    assert found.coordinates[0].tolist() == pytest.approx([0, 1 / 24, 2 / 24])
    assert found.coordinates[1].tolist() == [0, 0, 0]
    assert (found.maps[-1] == 0).all()


def test_sections_with_different_maps_are_refused(surface, monkeypatch):
    class Folder:
        class brain:  # noqa: N801
            id = "TINY"

    known = {901: ("hOc1",), 911: ("hOc1",), 921: ("PF",)}
    monkeypatch.setattr(node_features, "read_projection", lambda _folder, number: projection(known[number]))
    with pytest.raises(MapsError, match="section 921 of TINY has other maps"):
        atlas_features(Folder, surface)


def test_own_coordinates_run_over_the_surface(surface):
    found = own_coordinates(surface)
    assert found.min(axis=0).tolist() == [-1, -1, -1]
    assert found[:, :2].max(axis=0).tolist() == [1, 1]


def test_brains_share_the_box_of_their_coordinates():
    first, second = np.array([[0, 0, 0], [1, 1, 1]], np.float32), np.array([[2, 3, 4], [np.nan] * 3], np.float32)
    one, two = scaled_together([first, second])
    assert one[0].tolist() == [-1, -1, -1]
    assert two.tolist() == [[1, 1, 1], [0, 0, 0]]
