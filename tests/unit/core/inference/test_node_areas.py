import numpy as np
import pytest

from core.contracts.datasets import RasterGrid
from core.contracts.training import AREA, BACKGROUND, OTHER_GRAY_MATTER, WHITE_MATTER
from core.inference.node_areas import section_areas
from core.sampling.labels import OUTSIDE

GRID = RasterGrid(pixel_size_um=32.0, width_px=300, height_px=300)
POINTS = np.array([[2000.0, 4800.0], [4000.0, 4800.0]])
SURE, UNSURE = [0.1, 0.8, 0.1], [0.5, 0.3, 0.2]


def bands() -> np.ndarray:
    """Slide above, gray matter in the middle, white matter below; 9.6 mm each side."""
    tissue = np.zeros((300, 300), np.uint8)
    tissue[100:200], tissue[200:] = 2, 1
    return tissue


@pytest.fixture
def found():
    return dict(section_areas(POINTS, np.array([SURE, UNSURE]), (bands(), GRID), (9600.0, 9600.0)))


def test_gray_matter_takes_the_area_of_the_nearest_node(found):
    assert sorted(found) == [0, 1]
    prediction = found[1]
    size_um = prediction.grid.pixel_size_um
    row = round(4800 / size_um)
    assert prediction.labels[row, int(2500 / size_um)] == AREA
    assert prediction.labels[row, int(3500 / size_um)] == OTHER_GRAY_MATTER
    assert found[0].labels[row, int(3500 / size_um)] == AREA
    covered = (found[0].labels == AREA) ^ (found[1].labels == AREA)
    assert covered[prediction.labels == OTHER_GRAY_MATTER].all()


def test_probabilities_confidence_and_entropy_are_the_nodes(found):
    prediction = found[1]
    at = round(4800 / 64), round(2000 / 64)
    assert prediction.confidence[at] == prediction.probabilities[0][at] == round(0.8 * 255)
    assert found[0].probabilities[0][at] == round(0.1 * 255)
    assert 0 < prediction.entropy[at] < found[0].entropy[round(4800 / 64), round(4000 / 64)] < 255


def test_what_no_node_is_near_is_outside_and_what_borders_on_gray_matter_is_told(found):
    labels = found[1].labels
    assert labels[round(4800 / 64), round(9000 / 64)] == OUTSIDE
    assert labels[10, 40] == OUTSIDE
    assert labels[round(3200 / 64) - 3, round(3000 / 64)] == BACKGROUND
    assert labels[round(6400 / 64) + 3, round(3000 / 64)] == WHITE_MATTER
    assert (found[1].confidence[labels == OUTSIDE] == 0).all()


def test_a_section_without_gray_matter_has_no_areas():
    empty = np.zeros((300, 300), np.uint8)
    assert list(section_areas(POINTS, np.array([SURE, UNSURE]), (empty, GRID), (9600.0, 9600.0))) == []
