import numpy as np
import pytest
from PIL import Image

from core.contracts.datasets import RasterGrid
from core.contracts.training import AREA as AREA_CLASS
from core.geometry.polygons import rings
from core.geometry.rasterise import rasterise
from core.inference.predict import RegionPrediction
from core.tasks.evaluate import EvaluationInputError, evaluate
from core.tasks.prediction_files import write_prediction
from tests.fakes.tasks import AREA, TRAIN_KEY


def certain(labels, grid):
    """A prediction without any doubt."""
    sure = np.full_like(labels, 255)
    probabilities = np.where(labels == AREA_CLASS, 255, 0).astype(np.uint8)[None]
    return RegionPrediction(labels, sure, probabilities, np.zeros_like(labels), grid)


def truth_raster(brain, number, pixel_size_um=32.0):
    section = brain.brain.section(number)
    scale = brain.brain.pixel_size_um / pixel_size_um
    grid = RasterGrid(
        pixel_size_um=pixel_size_um, width_px=int(section.width_px * scale), height_px=int(section.height_px * scale)
    )
    mask = np.zeros((grid.height_px, grid.width_px), bool)
    for outline in brain.truth(number).outlines:
        if outline.area == AREA:
            mask |= rasterise(rings(outline.paths), grid)
    return mask, grid


@pytest.fixture
def perfect_predictions(tiny_brain, tmp_path):
    for number in (911, 921, 931):
        mask, grid = truth_raster(tiny_brain, number)
        labels = np.where(mask, AREA_CLASS, 2).astype(np.uint8)
        write_prediction(tmp_path, number, AREA, certain(labels, grid))
    return tmp_path


def test_the_truth_itself_scores_one(trained, tiny_brain, perfect_predictions):
    evaluation = evaluate(tiny_brain.path, trained.results_of(TRAIN_KEY), perfect_predictions)
    assert [score.section for score in evaluation.scores] == [911, 921, 931]
    assert evaluation.median_f1_model == 1
    assert evaluation.middle_median_f1_model == 1


def test_an_area_whose_name_ends_as_this_one_is_another_area(trained, tiny_brain, perfect_predictions):
    mask, grid = truth_raster(tiny_brain, 911)
    write_prediction(perfect_predictions, 911, f"left_{AREA}", certain(np.full(mask.shape, 2, np.uint8), grid))
    evaluation = evaluate(tiny_brain.path, trained.results_of(TRAIN_KEY), perfect_predictions)
    assert [score.section for score in evaluation.scores] == [911, 921, 931]
    assert evaluation.median_f1_model == 1


def test_only_the_middle_third_counts_for_its_median(trained, tiny_brain, perfect_predictions):
    evaluation = evaluate(tiny_brain.path, trained.results_of(TRAIN_KEY), perfect_predictions)
    assert [score.middle_third for score in evaluation.scores] == [False, True, False]
    assert evaluation.middle_median_f1_interpolation == evaluation.scores[1].f1_interpolation


def test_shape_interpolation_is_good_but_not_perfect_over_a_short_interval(trained, tiny_brain, perfect_predictions):
    evaluation = evaluate(tiny_brain.path, trained.results_of(TRAIN_KEY), perfect_predictions)
    for score in evaluation.scores:
        assert 0.6 < score.f1_interpolation < 1


def test_a_wrong_prediction_scores_zero_and_is_drawn_as_the_worst(trained, tiny_brain, perfect_predictions):
    mask, grid = truth_raster(tiny_brain, 931)
    labels = np.where(mask, 2, 1).astype(np.uint8)
    write_prediction(perfect_predictions, 931, AREA, certain(labels, grid))
    picture = perfect_predictions / "worst.png"
    evaluation = evaluate(tiny_brain.path, trained.results_of(TRAIN_KEY), perfect_predictions, picture)
    assert (evaluation.worst.section, evaluation.worst.f1_model) == (931, 0)
    with Image.open(picture) as image:
        assert image.width > 600


def test_an_empty_folder_is_named(trained, tiny_brain, tmp_path):
    with pytest.raises(EvaluationInputError, match="holds no predictions"):
        evaluate(tiny_brain.path, trained.results_of(TRAIN_KEY), tmp_path)
