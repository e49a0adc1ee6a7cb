import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.contracts.features import EncoderSettings, FeaturesParameters, FeaturesReport, PatchSettings
from core.inference.patch_features import FeaturesFilesError, features_at, load_encoder, load_report
from core.tasks.annotated_brains import BrainsError
from core.tasks.context import JobInterruptedError
from core.training import course
from tests.fakes.feature_jobs import AREAS, FEATURES_KEY, SMALL, train_small
from tests.fakes.tasks import LocalRun


def test_the_encoder_and_what_it_learnt_from_are_left(featured):
    report = load_report(featured.results_of(FEATURES_KEY))
    assert isinstance(report, FeaturesReport)
    assert (report.areas, report.settings, report.feature_width) == (AREAS, SMALL, 512)
    assert {each.area: each.train > 0 for each in report.statistics.areas} == {"hOc1": True, "hOc2": True}
    assert report.patches_per_s > 0
    assert 0 <= report.waiting_share <= 1
    assert np.isfinite(report.final_loss)


def test_progress_goes_through_all_steps(featured):
    told = [report for report in featured.reports if report.phase.startswith("training")]
    assert told[-1].step == told[-1].of == 4
    assert told[-1].loss is not None


def test_features_of_places_are_the_same_whichever_else_are_asked_for(featured):
    encoder, report = load_encoder(featured.results_of(FEATURES_KEY), torch.device("cpu"))
    centres_um = np.array([[2000.0, 2000.0], [4000.0, 5000.0], [6000.0, 3000.0]])
    found = features_at(encoder, report, featured.brain, 921, centres_um)
    assert (found.shape, found.dtype) == ((3, 512), np.float16)
    np.testing.assert_allclose(
        features_at(encoder, report, featured.brain, 921, centres_um[1:2])[0], found[1], rtol=0.01, atol=1e-3
    )
    assert np.abs(found[0].astype(float) - found[1]).max() > 0.01
    assert features_at(encoder, report, featured.brain, 921, np.empty((0, 2))).shape == (0, 512)


def test_a_stopped_job_goes_on_to_the_same_encoder(featured, tmp_path, monkeypatch):
    monkeypatch.setattr(course, "REPORT_EVERY_S", 0.0)
    other = LocalRun(featured.brain, tmp_path, stop=True)
    with pytest.raises(JobInterruptedError, match="stopped after 1 of 4 steps"):
        train_small(other)
    other.stop = False
    train_small(other)
    assert [report.step for report in other.reports if report.phase == "training"] == [1, 2, 3, 4]
    whole, parts = (load_file(each.results_of(FEATURES_KEY) / "encoder.safetensors") for each in (featured, other))
    for name, value in whole.items():
        assert torch.equal(parts[name], value), name


def test_a_brain_that_is_not_there_cannot_be_held_out(tiny_brain, tmp_path):
    run = LocalRun(tiny_brain, tmp_path)
    with pytest.raises(BrainsError, match="B07 cannot be held out: the job's brains are TINY"):
        train_small(run, transfer=("B07",))
    with pytest.raises(BrainsError, match="leave one at least"):
        train_small(run, transfer=("TINY",))


def test_features_of_an_unfinished_job_are_refused(tmp_path):
    with pytest.raises(FeaturesFilesError, match="has not ended well"):
        load_encoder(tmp_path, torch.device("cpu"))


def test_patches_too_small_for_an_encoder_are_refused():
    with pytest.raises(ValueError, match="base wants patches of at least 128 px, not 100"):
        EncoderSettings(encoder="base", patches=PatchSettings(patch_px=100))
    assert EncoderSettings(encoder="resnet18", patches=PatchSettings(patch_px=64)).patches.patch_px == 64


@pytest.mark.parametrize(
    ("withheld", "words"),
    [
        ({"unseen": ("hOc9",)}, "hOc9 cannot stay unseen: not among the areas"),
        ({"unseen": ("hOc1",)}, "two areas or more are wanted to learn from"),
        ({"transfer_areas": ("hOc9",)}, "hOc9 cannot be learnt in the brains held out"),
    ],
)
def test_what_is_withheld_is_among_the_areas_and_leaves_two(withheld, words):
    with pytest.raises(ValueError, match=words):
        FeaturesParameters(areas=AREAS, transfer=("B07",), **withheld)
