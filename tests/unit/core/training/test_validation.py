import numpy as np
import pytest
import torch

from core.contracts.training import SegmentationSettings
from core.models.factory import build_model
from core.training.validation import block_side_px, evaluated, f1_by_area, split_sections
from tests.fakes.learning import resident_section

SETTINGS = SegmentationSettings(
    architecture="lr_unet", output_px=64, batch_size=3, low_pixel_size_um=32.0, high_pixel_size_um=4.0, validation_share=0.2,
)  # fmt: skip
AREAS = ("hOc1",)


@pytest.fixture(scope="module")
def parts():
    sections = [resident_section(SETTINGS, number, side_px=128, seed=number) for number in (901, 1021)]
    return split_sections(sections, AREAS, SETTINGS)


def test_a_block_is_about_a_millimetre_on_the_phase_grid():
    assert block_side_px(split_sections([resident_section(SETTINGS)], AREAS, SETTINGS)[0].geometry) == 32


def test_every_held_out_pixel_is_evaluated_once(parts):
    source, held_out = parts
    total = sum(int((section.labels.values != 255).sum()) for section in held_out.source.sections)
    batches = list(held_out.batches())
    assert total > 0
    assert sum(int((batch.labels != 255).sum()) for batch in batches) == total
    assert max(len(batch.labels) for batch in batches) == SETTINGS.batch_size
    for training, validation in zip(source.sections, held_out.source.sections, strict=True):
        assert ((training.labels.values == 255) != (validation.labels.values == 255)).all()


def test_evaluation_gives_logits_and_labels_of_labelled_pixels(parts):
    _, held_out = parts
    pixels = list(evaluated(build_model("lr_unet"), held_out))
    logits, labels = torch.cat([each[0] for each in pixels]), torch.cat([each[1] for each in pixels])
    assert logits.shape == (len(held_out.centres) * 32 * 32, 4)
    assert set(labels.tolist()) == {0, 1, 2, 3}
    f1 = f1_by_area(pixels, AREAS)["hOc1"]
    found, area = logits.argmax(dim=1) == 3, labels == 3
    assert f1 == pytest.approx(2 * int((found & area).sum()) / max(1, int(found.sum()) + int(area.sum())))


def test_without_a_share_there_is_no_validation():
    settings = SETTINGS.model_copy(update={"validation_share": 0.0})
    source, held_out = split_sections([resident_section(settings)], AREAS, settings)
    assert not held_out.centres
    assert f1_by_area(evaluated(build_model("lr_unet"), held_out), AREAS) == {}
    assert np.all(source.sections[0].labels.values != 255)
