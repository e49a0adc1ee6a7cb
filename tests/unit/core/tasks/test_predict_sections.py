import shutil

import cv2
import numpy as np
import pytest

from core.anatomy.shape_between import interpolated_distance
from core.contracts.datasets import AlignmentQuality, RasterGrid
from core.contracts.presets import PRESETS
from core.contracts.training import AREA, OTHER_GRAY_MATTER, ModelReport, SectionPrediction, TrainParameters
from core.datasets import BrainFolder, MissingFileError, write_alignment
from core.datasets.build_store import StoreOptions, build_store
from core.imaging.store import StoreWriter
from core.inference.shape_prior import scale_um
from core.models.factory import SHAPE_WEIGHTS, build_model
from core.sampling.regions import PlacedMask
from core.tasks.context import JobInterruptedError
from core.tasks.model_files import ModelFilesError, load_model
from core.tasks.predict_sections import (
    PredictionInputError,
    enlarged_regions,
    predict,
    predict_section,
    predictor_of,
    section_prior,
    section_region,
    section_shapes,
)
from core.tasks.prediction_files import describe
from tests.fakes.tasks import PREDICT_KEY, TRAIN_KEY, LocalRun

SHORT = PRESETS["tiny"].settings.model_copy(update={"iterations": 2, "batch_size": 1, "halve_learning_rate_at": (1,)})


@pytest.fixture
def after_training(trained, tiny_brain, tmp_path):
    run = LocalRun(tiny_brain, tmp_path)
    (tmp_path / TRAIN_KEY).mkdir()
    (tmp_path / TRAIN_KEY / "results").symlink_to(trained.results_of(TRAIN_KEY))
    return run


def read(folder, number, area="hOc1"):
    document = SectionPrediction.model_validate_json((folder / f"{number}_{area}.json").read_text())
    return document, raster(folder, document.label_file), raster(folder, document.confidence_file)


def raster(folder, name):
    return cv2.imread(str(folder / name), cv2.IMREAD_UNCHANGED)


def test_each_section_gets_a_document_and_rasters_on_its_grid(after_training):
    folder = after_training.predict((911, 921)) / "predictions"
    assert len(list(folder.iterdir())) == 10
    for number in (911, 921):
        document, labels, confidence = read(folder, number)
        assert (document.section, document.grid.pixel_size_um) == (number, after_training.settings.low_pixel_size_um)
        assert labels.shape == confidence.shape == (document.grid.height_px, document.grid.width_px)
        assert set(np.unique(labels)) <= {0, 1, 2, 3, 255}
        assert (confidence[labels == 255] == 0).all()
        pixel_mm2 = (document.grid.pixel_size_um / 1000) ** 2
        assert document.area_mm2 == pytest.approx((labels == AREA).sum() * pixel_mm2)
        probability = raster(folder, document.probability_file)
        np.testing.assert_allclose(probability[labels == AREA], confidence[labels == AREA])
        assert (probability[(labels != AREA) & (labels != 255)] <= 128).all()
        entropy = raster(folder, document.entropy_file)
        assert entropy[confidence == confidence.max()].mean() < entropy[(confidence < 150) & (labels != 255)].mean()
        assert 0 <= document.doubt <= 1
        assert 0 < len(document.border) <= 40
        assert all(0 <= stretch.doubt <= 1 for stretch in document.border)


def test_a_stopped_prediction_keeps_finished_sections_and_goes_on(after_training):
    folder = after_training.predict((911,)) / "predictions"
    written = (folder / "911_hOc1.json").stat().st_mtime_ns
    after_training.stop = True
    with pytest.raises(JobInterruptedError, match="stopped in section 921, after 1 of 2 sections"):
        after_training.predict((911, 921))
    assert not (folder / "921_hOc1.json").exists()
    after_training.stop = False
    after_training.predict((911, 921))
    assert (folder / "911_hOc1.json").stat().st_mtime_ns == written
    assert (folder / "921_hOc1.json").exists()


def test_a_section_that_only_weak_steps_lead_to_says_so(trained, tiny_brain, tmp_path):
    brain = tmp_path / "TINY"
    shutil.copytree(tiny_brain.path, brain)
    weak = AlignmentQuality(matches=9, inliers=3, weak=True)
    steps = [
        step.model_copy(update={"quality": weak}) if step.section in (911, 931) else step for step in tiny_brain.alignment.steps
    ]
    write_alignment(brain, tiny_brain.alignment.model_copy(update={"steps": tuple(steps)}))
    run = LocalRun(BrainFolder(brain), tmp_path / "run")
    (run.folder / TRAIN_KEY).mkdir(parents=True)
    (run.folder / TRAIN_KEY / "results").symlink_to(trained.results_of(TRAIN_KEY))
    folder = run.predict((911, 921)) / "predictions"
    assert read(folder, 911)[0].alignment_doubt == ""
    assert "the step from section 911 to 921 is weak" in read(folder, 921)[0].alignment_doubt


def test_a_section_that_cannot_be_written_ends_the_job(after_training, monkeypatch):
    """Writing goes on beside predicting; what fails there is not lost."""

    def full(*_args):
        raise OSError("no space left")

    monkeypatch.setattr("core.tasks.predict_sections.write_prediction", full)
    with pytest.raises(OSError, match="no space left"):
        after_training.predict((911,))


def test_a_raster_that_cannot_be_encoded_is_named(after_training, monkeypatch):
    monkeypatch.setattr("core.tasks.prediction_files.cv2.imencode", lambda *_args: (False, None))
    with pytest.raises(OSError, match=r"could not encode .*911_hOc1_label\.png"):
        after_training.predict((911,))


def test_a_job_of_another_kind_is_refused(run):
    other = TrainParameters(areas=("hOc1",), sections=(901, 941))
    with pytest.raises(PredictionInputError, match=f"job {PREDICT_KEY} is a train job, not a predict job"):
        predict(run.definition(PREDICT_KEY, other), run.context(PREDICT_KEY))


def test_a_brain_without_alignment_is_named(trained, tiny_brain, tmp_path):
    folder = tmp_path / "TINY"
    shutil.copytree(tiny_brain.path, folder)
    (folder / "alignment.json").unlink()
    run = LocalRun(BrainFolder(folder), tmp_path)
    shutil.copytree(trained.results_of(TRAIN_KEY), run.results_of(TRAIN_KEY))
    with pytest.raises(MissingFileError, match=r"alignment\.json"):
        run.predict((911,))


def test_elements_of_an_array_share_the_sections_and_write_what_one_process_would(after_training):
    alone = {file.name: file.read_bytes() for file in (after_training.predict((911, 921, 931)) / "predictions").iterdir()}
    shutil.rmtree(after_training.folder / PREDICT_KEY)
    written = []
    for after_training.element in range(2):
        folder = after_training.predict((911, 921, 931), elements=2) / "predictions"
        written.append({int(file.stem.split("_")[0]) for file in folder.glob("*.json")})
        assert after_training.reports[-1].step == after_training.reports[-1].of == 2 - after_training.element
    assert written == [{911, 931}, {911, 921, 931}]
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == alone


def test_sections_outside_the_interval_are_refused(after_training):
    with pytest.raises(PredictionInputError, match=r"sections \[901\] do not lie between the training sections 901 and 941"):
        after_training.predict((901, 911))


def test_models_of_other_areas_or_sections_cannot_predict_together(after_training):
    key = "d" * 32
    source, other = after_training.results_of(TRAIN_KEY), after_training.results_of(key)
    shutil.copytree(source, other)
    about = load_model(other)[0]
    for change, words in (
        ({"sections": (901, 931)}, "hOc1 on 901, 931, lr_unet at 32 µm"),
        ({"areas": ("hOc2",)}, "hOc2 on 901, 941, lr_unet at 32 µm"),
    ):
        (other / "model.json").write_text(about.model_copy(update=change).model_dump_json())
        with pytest.raises(PredictionInputError, match=f"same areas.* but one is of {words} and the first of hOc1"):
            after_training.predict((911,), more_models=(key,))


def test_a_training_that_left_no_model_is_named(run):
    with pytest.raises(ModelFilesError, match=r"model\.json is missing: .* train again"):
        run.predict((911,))


def test_high_and_low_resolution_go_the_same_way_together(tiny_brain, tmp_path):
    settings = PRESETS["tiny"].settings.model_copy(
        update={"architecture": "ms_unet", "output_px": 32, "iterations": 1, "batch_size": 1, "start_weights": None}
    )
    both = LocalRun(tiny_brain, tmp_path, settings=settings)
    both.train()
    _, labels, _ = read(both.predict((921,)) / "predictions", 921)
    assert set(np.unique(labels)) <= {0, 1, 2, 3, 255}


def test_the_interpolated_outline_weighs_on_the_prediction_unless_it_is_switched_off(tiny_brain, trained):
    model, _ = load_model(trained.results_of(TRAIN_KEY))
    regions = enlarged_regions(tiny_brain, model)
    region = section_region(tiny_brain, list(regions.values()), 921)
    prior = section_prior(tiny_brain, model, region)
    distance = interpolated_distance(tiny_brain.alignment, model.placed(921, "hOc1"), 921, region.grid)
    nearer_mm = 20 * tiny_brain.brain.section_thickness_um / 1000
    np.testing.assert_allclose(prior[0], distance / scale_um(nearer_mm), rtol=1e-5, atol=1e-5)
    for changes in ({"shape_prior": 0}, {"shape_prior": 2.0}):
        other = model.model_copy(update={"settings": model.settings.model_copy(update=changes)})
        found = section_prior(tiny_brain, other, region)
        assert found is None if changes["shape_prior"] == 0 else np.allclose(found, 2 * prior, atol=1e-5)


def test_a_network_that_sees_shapes_is_given_the_interpolated_outlines(tiny_brain, tmp_path, trained):
    """It learns from the packaged weights of one that saw none, and goes on from a model that saw none."""
    shaped = SHORT.model_copy(update={"shape_input": True})
    run = LocalRun(tiny_brain, tmp_path, settings=shaped, start=trained)
    model, network = load_model(run.train())
    assert (network.get_parameter(SHAPE_WEIGHTS)[:, 1:] != 0).any()
    region = section_region(tiny_brain, list(enlarged_regions(tiny_brain, model).values()), 921)
    (shape,) = section_shapes(tiny_brain, model, region)
    distance = interpolated_distance(tiny_brain.alignment, model.placed(921, "hOc1"), 921, shape.grid)
    assert (shape.values[distance > 20] > 127).all()
    assert (shape.values[distance < -20] < 128).all()
    _, labels, _ = read(run.predict((921,)) / "predictions", 921)
    assert set(np.unique(labels)) <= {0, 1, 2, 3, 255}


def test_on_a_training_section_no_outline_is_interpolated(tiny_brain, trained):
    model, _ = load_model(trained.results_of(TRAIN_KEY))
    region = section_region(tiny_brain, [enlarged_regions(tiny_brain, model)[901]], 901)
    assert section_prior(tiny_brain, model, region) is None


def test_the_model_s_temperature_and_prior_reach_the_prediction(tiny_brain, trained):
    model, network = load_model(trained.results_of(TRAIN_KEY))
    region = section_region(tiny_brain, list(enlarged_regions(tiny_brain, model).values()), 921)
    prior = section_prior(tiny_brain, model, region)
    cold, hot = (
        predict_section(
            tiny_brain,
            region,
            predictor_of(model.model_copy(update={"temperature": temperature}), network),
            lambda *_: None,
            prior,
        )
        for temperature in (1.0, 4.0)
    )
    assert hot.confidence.astype(int).sum() < cold.confidence.astype(int).sum()
    assert describe(921, "hOc1", hot).doubt > describe(921, "hOc1", cold).doubt
    np.testing.assert_array_equal(cold.labels, hot.labels)
    far_inside = (prior[0] > 8) & (cold.labels == OTHER_GRAY_MATTER)
    assert far_inside.mean() < 0.001


class Reads:
    """In place of a predictor: what it would be given to see."""

    def predict(self, region, tissue, read, on_tile, prior, shapes):
        return read(region.grid.model_copy(update={"pixel_size_um": 4.0, "width_px": 64, "height_px": 64}))


def test_a_prediction_sees_the_same_pixels_from_a_store_as_from_the_images(tiny_brain, tmp_path):
    folder = tmp_path / "TINY"
    shutil.copytree(tiny_brain.path, folder)
    grid = RasterGrid(pixel_size_um=32.0, origin_um=(320.0, 320.0), width_px=8, height_px=8)
    region = PlacedMask(921, np.ones((8, 8), bool), grid)
    images = predict_section(tiny_brain, region, Reads(), print)
    path = build_store(folder, StoreOptions(pixel_size_um=4.0, workers=1), lambda progress: None)
    assert np.array_equal(predict_section(BrainFolder(folder), region, Reads(), print), images)
    with StoreWriter(path) as writer:  # other pixels under the same mark show who reads them
        about = tiny_brain.brain.section(921)
        writer.write(921, 0, np.zeros((about.height_px, about.width_px), np.uint8), 0)
        writer.finish(921, about.fingerprint)
    assert (predict_section(BrainFolder(folder), region, Reads(), print) == 0).all()


def test_a_global_model_of_two_areas_predicts_each_of_them(tiny_brain, tmp_path):
    """Trained on three sections, it predicts between the two nearest; each area has its own raster and F1."""
    run = LocalRun(tiny_brain, tmp_path, SHORT, sections=(901, 921, 941), areas=("hOc1", "hOc2"))
    report = ModelReport.model_validate_json((run.train() / "report.json").read_text(encoding="utf-8"))
    assert tuple(report.training_f1) == run.areas
    folder = run.predict((911,)) / "predictions"
    found = {area: read(folder, 911, area)[:2] for area in run.areas}
    assert {document.area for document, _ in found.values()} == {"hOc1", "hOc2"}
    masks = [labels == AREA for _, labels in found.values()]
    assert all(mask.any() for mask in masks)
    assert not (masks[0] & masks[1]).any()


def test_a_model_goes_on_from_another_one(tiny_brain, tmp_path):
    """The neighbour's weights are taken over; a classifier for more areas starts anew."""
    first = LocalRun(tiny_brain, tmp_path / "first", SHORT, sections=(901, 921))
    first.train()
    second = LocalRun(tiny_brain, tmp_path / "second", SHORT, sections=(921, 941), areas=("hOc1", "hOc2"), start=first)
    second.train()
    kept, new = (load_model(run.results_of(TRAIN_KEY))[1].state_dict() for run in (first, second))
    assert kept["decoder.classifier.weight"].shape != new["decoder.classifier.weight"].shape
    name = "low_encoder.blocks.0.0.0.weight"
    fresh = build_model("lr_unet", first.settings.seed).state_dict()
    assert (kept[name] - new[name]).abs().mean() < 0.2 * (fresh[name] - new[name]).abs().mean()


def test_a_model_of_another_kind_is_no_start(tiny_brain, tmp_path, trained):
    high = trained.settings.model_copy(update={"architecture": "hr_unet", "output_px": 32, "start_weights": None})
    other = LocalRun(tiny_brain, tmp_path, settings=high, start=trained)
    with pytest.raises(ModelFilesError, match="is a lr_unet, not a HrUNet"):
        other.train()
