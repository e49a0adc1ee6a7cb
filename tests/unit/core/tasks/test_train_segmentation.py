import shutil

import pytest

from core.contracts.training import ModelReport, PredictParameters
from core.datasets import BrainFolder, MissingFileError
from core.sampling.centres import ClassAbsentError
from core.tasks.context import JobInterruptedError
from core.tasks.model_files import ModelFilesError, load_description, load_network
from core.tasks.train_segmentation import TrainingInputError, train
from tests.fakes.tasks import AREA, TRAIN_KEY, LocalRun


def test_training_leaves_a_model_that_says_what_it_was_made_of(trained):
    folder = trained.results_of(TRAIN_KEY)
    description = load_description(folder)
    assert (description.areas, description.sections, description.settings) == ((AREA,), (901, 941), trained.settings)
    assert description.brain.fingerprint == trained.brain.fingerprint()
    assert {annotation.section for annotation in description.annotations} == {901, 941}
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.safetensors", "report.json"]
    load_network(folder, description)


def test_training_reports_how_good_and_how_honest_the_model_is(trained):
    folder = trained.results_of(TRAIN_KEY)
    report = ModelReport.model_validate_json((folder / "report.json").read_text(encoding="utf-8"))
    assert (report.areas, report.sections, report.iterations) == ((AREA,), (901, 941), trained.settings.iterations)
    assert report.calibration is not None
    assert load_description(folder).temperature == report.calibration.temperature
    assert report.calibration.ece_after <= report.calibration.ece_before + 0.02
    assert set(report.validation_f1) == {AREA}


def test_training_tells_what_it_is_doing(trained):
    phases = [report.phase for report in trained.reports]
    assert phases[:2] == ["reading section 901", "reading section 941"]
    assert trained.reports[-1].step == trained.settings.iterations


def test_a_section_without_outline_is_named(run):
    only_first = tuple(annotation for annotation in run.annotations() if annotation.section == 901)
    with pytest.raises(TrainingInputError, match="area hOc1 is not annotated on section 941"):
        run.train(only_first)


def test_a_job_of_another_kind_is_refused(run):
    other = PredictParameters(model_job=TRAIN_KEY, sections=(911,))
    with pytest.raises(TrainingInputError, match=f"job {TRAIN_KEY} is a predict job, not a train job"):
        train(run.definition(TRAIN_KEY, other), run.context(TRAIN_KEY))


def test_a_brain_without_tissue_classes_is_named(tiny_brain, tmp_path):
    folder = tmp_path / "TINY"
    shutil.copytree(tiny_brain.path, folder)
    shutil.rmtree(folder / "tissue")
    with pytest.raises(MissingFileError, match="tissue"):
        LocalRun(BrainFolder(folder), tmp_path).train()


def test_an_outline_that_covers_no_gray_matter_is_named(run):
    """A square in a corner of the slide."""
    corner = ((0.0, 0.0), (100.0, 0.0), (100.0, 100.0))
    annotations = tuple(
        annotation.model_copy(update={"paths": (corner,)}) if annotation.section == 901 else annotation
        for annotation in run.annotations()
    )
    with pytest.raises(ClassAbsentError, match="area hOc1 has no pixels in section 901"):
        run.train(annotations)


def test_a_stopped_training_can_be_started_again(run):
    run.settings = run.settings.model_copy(update={"iterations": 2, "batch_size": 1})
    run.stop = True
    with pytest.raises(JobInterruptedError, match="after 1 of 2 iterations"):
        run.train()
    with pytest.raises(ModelFilesError, match=r"model\.json is missing"):
        load_description(run.results_of(TRAIN_KEY))
    run.stop = False
    run.train()
    assert load_description(run.results_of(TRAIN_KEY)).iterations == 2
