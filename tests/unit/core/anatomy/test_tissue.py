"""Tissue classes of drawn sections: rings of cortex round white matter, with a layer I that is nearly as light."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.anatomy.tissue import TissueError, tissue_classes
from core.anatomy.tissue_slide import background_threshold

SLIDE, WHITE, LAYER_ONE, GRAY = 246, 202, 190, 174
SIDE = 480
y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
RADIUS_PX = np.hypot(y, x * 0.8)
SULCUS = (abs(x) < 2.5) & (y < -50)  # 80 µm wide, from the outside to white matter


def section(white: int = WHITE, layer_one: int = LAYER_ONE, gray: int = GRAY) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """An image at 16 µm of a piece 6 mm across, cortex 1.6 mm thick with a sulcus in it, and its classes."""
    # Cortex lines the sulcus too.
    depth = cv2.distanceTransform(((RADIUS_PX < 190) & ~SULCUS).astype(np.uint8), cv2.DIST_L2, 5) * 16
    labels = np.where(depth == 0, 0, np.where(depth > 1600, 1, 2)).astype(np.uint8)
    values = np.choose(labels, [SLIDE, white, gray]).astype(np.float64)
    values[(labels == 2) & (depth < 200)] = layer_one
    noise = np.random.default_rng(1).normal(0, np.choose(labels, [1.0, 5.0, 8.0]))
    return np.clip(values + noise, 0, 255).astype(np.uint8), labels


def dice(result: NDArray[np.uint8], truth: NDArray[np.uint8]) -> list[float]:
    return [2 * ((result == k) & (truth == k)).sum() / max(1, (result == k).sum() + (truth == k).sum()) for k in range(3)]


IMAGE, TRUTH = section()
BLANK = np.random.default_rng(2).normal(244, 1.2, (300, 300)).astype(np.uint8)


def test_a_section_is_divided_and_its_sulcus_stays_open() -> None:
    result = tissue_classes(IMAGE)
    assert min(dice(result, TRUTH)) > 0.97
    middle = result[40:180, SIDE // 2]
    assert (middle == 0).all()


@pytest.mark.parametrize("layer_one", [GRAY, WHITE, WHITE + 8])
def test_layer_one_is_gray_matter_however_light_it_is(layer_one: int) -> None:
    image, truth = section(layer_one=layer_one)
    assert min(dice(tissue_classes(image), truth)) > 0.97


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda image: 245 - (245 - image) * 0.5, id="pale"),
        pytest.param(lambda image: 245 - (245 - image) * 1.8, id="dark"),
        pytest.param(lambda image: image * (1 - 0.05 * x / x.max()), id="gradient of 10 %"),
        pytest.param(lambda image: image + np.random.default_rng(3).normal(0, 6, image.shape), id="noise"),
        pytest.param(lambda image: image - 60, id="dim light"),
    ],
)
def test_stain_and_light_of_a_section_make_no_difference(change) -> None:
    image = np.clip(change(IMAGE.astype(np.float64)) + 0.5, 0, 255).astype(np.uint8)
    assert min(dice(tissue_classes(image), TRUTH)) > 0.96


def test_a_black_scan_border_is_background() -> None:
    image, truth = np.pad(IMAGE, 60, constant_values=4), np.pad(TRUTH, 60)
    assert min(dice(tissue_classes(image), truth)) > 0.97


def test_a_section_that_fills_the_image_is_cut_off_and_not_rimmed() -> None:
    part = (slice(SIDE // 2, None), slice(None, SIDE // 2))
    assert min(dice(tissue_classes(np.ascontiguousarray(IMAGE[part])), TRUTH[part])) > 0.97


def test_an_image_without_any_slide_is_all_tissue() -> None:
    part = (slice(300, 380), slice(150, 330))
    assert TRUTH[part].min() == 1
    assert min(dice(tissue_classes(np.ascontiguousarray(IMAGE[part])), TRUTH[part])[1:]) > 0.95


def test_a_section_without_white_matter_gets_none() -> None:
    image, truth = section(white=GRAY)
    result = tissue_classes(image)
    assert (result == 1).sum() == 0
    assert dice(result, np.minimum(truth, 1) * np.uint8(2))[2] > 0.99


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(BLANK, id="a blank slide"),
        pytest.param(np.full((50, 70), 255, np.uint8), id="one value"),
        pytest.param(np.zeros((50, 70), np.uint8), id="black"),
        pytest.param(np.pad(BLANK, 40, constant_values=255), id="a blank slide with padding"),
        pytest.param(np.pad(BLANK, 40, constant_values=0), id="a blank slide in a black frame"),
        pytest.param(np.where(np.random.default_rng(4).random(BLANK.shape) < 1e-3, 90, BLANK).astype(np.uint8), id="dust"),
        pytest.param(np.full((1, 1), 200, np.uint8), id="one pixel"),
    ],
)
def test_where_there_is_no_tissue_everything_is_background(image: NDArray[np.uint8]) -> None:
    result = tissue_classes(image)
    assert result.shape == image.shape
    assert not result.any()


def test_vessels_are_filled_and_specks_removed() -> None:
    image = IMAGE.copy()
    cv2.circle(image, (SIDE // 2 + 60, SIDE // 2 + 60), 3, SLIDE, -1)
    cv2.circle(image, (20, 20), 8, GRAY, -1)
    result = tissue_classes(image)
    assert result[SIDE // 2 + 60, SIDE // 2 + 60] == 1
    assert not result[10:30, 10:30].any()


def test_the_threshold_lies_between_slide_and_tissue_where_otsu_divides_the_tissue() -> None:
    values = np.arange(256)
    peaks = [(186, 12, 800_000), (216, 4, 1_400_000)]
    histogram = sum(count / width * np.exp(-((values - value) ** 2) / 2 / width**2) for value, width, count in peaks)
    histogram[246] += 600_000  # an even slide has one gray value
    threshold = background_threshold(histogram.astype(np.int64))
    assert threshold is not None
    assert 228 < threshold < 246


def test_other_arrays_are_refused_by_name() -> None:
    with pytest.raises(TissueError, match=r"8-bit gray \(height, width\), got uint16 \(4, 5\)"):
        tissue_classes(np.zeros((4, 5), np.uint16))
