import numpy as np
import pytest
from safetensors.numpy import load_file

from core.contracts.features import ClassificationReport
from core.tasks import classify_patches, robustness
from core.tasks.classify_patches import CLASSIFIER_FILE, REPORT_FILE
from core.tasks.context import JobInterruptedError
from core.tasks.robustness import STEPS
from core.tasks.train_features import REPORT_FILE as FEATURES_REPORT
from tests.fakes.feature_jobs import AREAS, FEATURES_KEY, classify_small
from tests.fakes.tasks import LocalRun


@pytest.fixture(scope="module")
def results(featured):
    return classify_small(featured)


@pytest.fixture(scope="module")
def report(results):
    return ClassificationReport.model_validate_json((results / REPORT_FILE).read_text())


def test_scores_are_of_all_patches_of_training_and_test(report):
    assert report.transfer is None
    for split, found in (("train", report.train), ("test", report.test)):
        counts = [getattr(each, split) for each in report.statistics.areas]
        assert [each.patches for each in found.areas] == counts
        assert np.array(found.confusion).sum(axis=1).tolist() == counts
    assert report.train.macro_f1 > 0.5


def test_the_classifier_is_left_for_all_areas(results, report):
    weights = load_file(results / CLASSIFIER_FILE)
    assert {name: value.shape for name, value in weights.items()} == {"weight": (2, 512), "bias": (2,)}
    assert report.areas == AREAS


def test_each_change_of_the_patches_is_scored(report):
    assert len(report.robustness) == STEPS
    assert {each.change for each in report.robustness} == {"rotation", "shift", "contrast", "brightness", "blur"}
    unchanged = next(each for each in report.robustness if (each.change, each.value) == ("rotation", 0))
    assert unchanged.macro_f1 == pytest.approx(report.test.macro_f1, abs=0.2)


def test_points_are_test_patches_with_their_neighbours(report):
    assert len(report.points) == sum(each.test for each in report.statistics.areas)
    sections = {each.section for each in report.points}
    assert sections == set(report.statistics.sections[0].test)
    for index, point in enumerate(report.points):
        assert index not in point.nearest
        assert len(set(point.nearest)) == min(4, len(report.points) - 1)
        assert max(point.nearest) < len(report.points)


def test_a_stopped_classification_leaves_no_report(featured, tmp_path):
    other = LocalRun(featured.brain, tmp_path, stop=True)
    place = other.results_of(FEATURES_KEY)
    place.parent.mkdir(parents=True)
    place.symlink_to(featured.results_of(FEATURES_KEY))
    with pytest.raises(JobInterruptedError):
        classify_small(other)
    assert not list(tmp_path.glob(f"*/results/{REPORT_FILE}"))
    assert (place / FEATURES_REPORT).exists()


def test_a_stopped_classification_goes_on_with_the_sections_that_are_left(featured, results, tmp_path, monkeypatch):
    other, asked = LocalRun(featured.brain, tmp_path), []
    place = other.results_of(FEATURES_KEY)
    place.parent.mkdir(parents=True)
    place.symlink_to(featured.results_of(FEATURES_KEY))
    computed = classify_patches.features_at

    def counted(encoder, trained, folder, section, centres_um):
        asked.append(section)
        other.stop = len(asked) == 2
        return computed(encoder, trained, folder, section, centres_um)

    monkeypatch.setattr(classify_patches, "features_at", counted)
    with pytest.raises(JobInterruptedError):
        classify_small(other)
    other.stop = False
    found = classify_small(other)
    assert len(asked) == len(set(asked)) > 2
    assert (found / REPORT_FILE).read_text() == (results / REPORT_FILE).read_text()


def test_all_changes_of_patches_are_read_by_the_same_readers(featured, results, tmp_path, monkeypatch):
    begun, begin = [], robustness.crop_batches
    monkeypatch.setattr(robustness, "crop_batches", lambda *given, **more: begun.append(1) or begin(*given, **more))
    other = LocalRun(featured.brain, tmp_path)
    place = other.results_of(FEATURES_KEY)
    place.parent.mkdir(parents=True)
    place.symlink_to(featured.results_of(FEATURES_KEY))
    found = ClassificationReport.model_validate_json((classify_small(other) / REPORT_FILE).read_text())
    assert begun == [1]
    assert len({(each.change, each.value) for each in found.robustness}) == STEPS
