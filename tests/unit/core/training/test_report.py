import numpy as np
import pytest
import torch

from core.contracts.training import Calibration, SegmentationSettings, TrainParameters
from core.training.loop import TrainingResult
from core.training.report import calibrated, model_report

RESULT = TrainingResult(True, 3000, 0.2, (0.95,))
HONEST = Calibration(temperature=1.5, ece_before=0.1, ece_after=0.01)


def parameters(*areas: str, validation_share: float = 0.1) -> TrainParameters:
    settings = SegmentationSettings(low_pixel_size_um=32.0, validation_share=validation_share)
    return TrainParameters(areas=areas or ("hOc1",), sections=(1, 2), settings=settings)


def labels(**missing: int) -> list[np.ndarray]:
    """Two sections with 10,000 pixels of each of four classes; `class_number=pixels` leaves so many of one."""
    counts = [missing.get(f"class_{number}", 10_000) for number in range(4)]
    raster = np.concatenate([np.full(count, number, np.uint8) for number, count in enumerate(counts)])
    return [np.concatenate([raster, np.full(500, 255, np.uint8)])[None]] * 2


def test_a_good_training_has_nothing_to_warn_of() -> None:
    report = model_report(parameters(), RESULT, labels(), {"hOc1": 0.93}, HONEST)
    assert report.warnings == ()
    assert (report.training_f1, report.validation_f1) == ({"hOc1": 0.95}, {"hOc1": 0.93})
    assert report.calibration == HONEST


@pytest.mark.parametrize(
    ("raster", "words"),
    [
        (labels(class_3=1000), "hOc1 covers only 1.0 mm² of gray matter on section 2"),
        (labels(class_1=0), "there is no white matter in the training regions"),
        (labels(class_0=40), "background makes up only 0.1% of the training regions"),
    ],
)
def test_what_there_is_too_little_of_is_named(raster: list[np.ndarray], words: str) -> None:
    warnings = model_report(parameters(), RESULT, raster, {"hOc1": 0.93}, HONEST).warnings
    assert any(words in warning for warning in warnings)


def test_a_model_that_knows_its_examples_only_is_told() -> None:
    (warning,) = model_report(parameters(), RESULT, labels(), {"hOc1": 0.7}, HONEST).warnings
    assert "F1 0.70 on held-out parts" in warning
    assert "annotate another section" in warning


@pytest.mark.parametrize(
    ("share", "calibration", "words"),
    [
        (0.1, None, "too small to hold a part out"),
        (0.0, None, "nothing was held out"),
        (0.1, HONEST.model_copy(update={"ece_after": 0.08}), "off by 8% on average"),
    ],
)
def test_probabilities_that_are_not_honest_are_told(share: float, calibration: Calibration | None, words: str) -> None:
    (warning,) = model_report(parameters(validation_share=share), RESULT, labels(), {}, calibration).warnings
    assert words in warning


def test_what_the_loop_warned_of_comes_first() -> None:
    stuck = TrainingResult(True, 10, 1.4, (0.1,), ("the loss does not fall",))
    assert model_report(parameters(), stuck, labels(), {}, None).warnings[0] == "the loss does not fall"


def test_of_several_areas_each_has_its_own_score_and_its_own_warning() -> None:
    raster = [np.arange(5, dtype=np.uint8).repeat(10_000)[None]] * 2
    result = TrainingResult(True, 3000, 0.2, (0.95, 0.85))
    report = model_report(parameters("hOc1", "hOc2"), result, raster, {"hOc1": 0.9, "hOc2": 0.6}, HONEST)
    assert report.training_f1 == {"hOc1": 0.95, "hOc2": 0.85}
    (warning,) = report.warnings
    assert warning.startswith("hOc2 scores F1 0.60 on held-out parts of the training sections, but 0.85")


def test_the_temperature_comes_from_the_pixels_of_all_batches() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(40_000, 4, generator=generator) * 2
    truth = torch.multinomial(logits.softmax(dim=1), 1, generator=generator)[:, 0]
    found = calibrated([(logits[:100] * 2, truth[:100]), (logits[100:] * 2, truth[100:])])
    assert found is not None
    assert found.temperature == pytest.approx(2, rel=0.05)
    assert calibrated([]) is None
