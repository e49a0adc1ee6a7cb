from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from core.contracts.inspection import Inspection, InspectParameters
from core.contracts.jobs import BrainReference
from core.contracts.training import PredictParameters
from core.models.factory import build_model
from core.tasks import look_inside
from core.tasks.context import JobInterruptedError
from core.tasks.inspected_place import InspectionInputError
from core.tasks.look_inside import DOCUMENT, inspect
from core.tasks.model_files import SegmentationModel, save_model
from tests.fakes.tasks import TRAIN_KEY, LocalRun

INSPECT_KEY = "d" * 32
SIDE_PX = 32


@pytest.fixture(autouse=True, scope="module")
def _small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(look_inside, "OUTPUT_PX", SIDE_PX)
        yield


def look(run, section=921, centre_um=(4000.0, 4000.0)):
    parameters = InspectParameters(model_job=TRAIN_KEY, section=section, centre_um=centre_um)
    inspect(run.definition(INSPECT_KEY, parameters, ()), run.context(INSPECT_KEY))
    folder = run.results_of(INSPECT_KEY)
    return folder, Inspection.model_validate_json((folder / DOCUMENT).read_text())


def values(path):
    with Image.open(path) as image:
        return np.asarray(image)


def with_model(run, architecture):
    """The run with a model of random weights, as if it had been trained."""
    settings = run.settings.model_copy(update={"architecture": architecture})
    description = SegmentationModel(
        areas=run.areas,
        sections=run.sections,
        settings=settings,
        brain=BrainReference(id=run.brain.brain.id, fingerprint=run.brain.fingerprint()),
        annotations=run.annotations(),
        iterations=1,
        final_loss=1.0,
        final_f1_area=0.0,
        code_version="test",
        trained_at=datetime(2026, 1, 31, tzinfo=UTC),
    )
    run.context(TRAIN_KEY)
    save_model(run.results_of(TRAIN_KEY), build_model(architecture), description)
    return run


@pytest.fixture(scope="module")
def looked(tiny_brain, tmp_path_factory):
    """What one look at a model with both inputs left."""
    return look(with_model(LocalRun(tiny_brain, tmp_path_factory.mktemp("looked")), "ms_unet"))


def test_a_model_with_two_inputs_is_shown_both_and_each_alone(looked):
    folder, found = looked
    assert [each.shown for each in found.occlusions] == [("high", "low"), ("high",), ("low",)]
    pictures = [values(folder / each.probability_files[0]) for each in found.occlusions]
    assert {picture.shape for picture in pictures} == {(SIDE_PX, SIDE_PX)}
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


def test_inputs_are_drawn_whole_and_told_where_they_lie(looked):
    folder, found = looked
    high, low = found.inputs
    assert (high.grid.pixel_size_um, low.grid.pixel_size_um) == (4.0, 32.0)
    assert (high.grid.width_px, low.grid.width_px) == (8 * SIDE_PX + 1513, SIDE_PX + 564)
    assert max(values(folder / high.file).shape) == look_inside.INPUT_PX
    assert values(folder / low.file).shape == (low.grid.height_px, low.grid.width_px)


def test_the_section_around_the_place_is_drawn_on_the_grid_of_the_labels(looked):
    folder, found = looked
    whole = values(folder / found.image_file)
    column, row = (round((4000.0 - origin) / found.grid.pixel_size_um) for origin in found.grid.origin_um)
    assert whole.shape == (SIDE_PX, SIDE_PX)
    assert abs(column - SIDE_PX // 2) <= 16
    assert abs(row - SIDE_PX // 2) <= 16


def test_a_model_with_one_input_is_shown_that_alone(run):
    folder, found = look(with_model(run, "lr_unet"))
    assert [each.shown for each in found.occlusions] == [("low",)]
    labels = values(folder / found.occlusions[0].probability_files[0]) / 255
    # Where the area has more than half of the probability it is the label; elsewhere it may still be.
    assert found.occlusions[0].shares[0] >= (labels > 0.51).mean()


def test_every_stage_has_its_sheet_and_every_named_picture_is_there(looked):
    folder, found = looked
    assert len(found.features) == 17
    assert [each.maps for each in found.features][:2] == [16, 32]
    assert (found.features[-1].layer, found.features[-1].maps) == ("decoder.classifier", 4)
    assert {path.name for path in folder.iterdir()} == {DOCUMENT, *found.files}
    assert len(set(found.files)) == len(found.files)


@pytest.mark.parametrize(
    ("section", "place", "words"), [(921, (9e4, 0.0), "outside section 921"), (5, (1.0, 1.0), "no section 5")]
)
def test_a_place_where_nothing_is_is_told(run, section, place, words):
    with pytest.raises(InspectionInputError, match=words):
        look(with_model(run, "lr_unet"), section, place)


def test_a_job_of_another_kind_is_refused(run):
    definition = run.definition(INSPECT_KEY, PredictParameters(model_job=TRAIN_KEY, sections=(921,)), ())
    with pytest.raises(InspectionInputError, match="not an inspect job"):
        inspect(definition, run.context(INSPECT_KEY))


def test_a_stop_leaves_no_document(run):
    run.stop = True
    with pytest.raises(JobInterruptedError):
        look(run)
    assert not (run.results_of(INSPECT_KEY) / DOCUMENT).exists()
