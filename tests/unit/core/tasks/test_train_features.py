import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.contracts.features import EncoderSettings, FeaturesParameters, FeaturesReport, PatchSettings
from core.inference.patch_features import FeaturesFilesError, features_at, load_encoder, load_report
from core.tasks.annotated_brains import BrainsError
from core.tasks.context import JobInterruptedError
from core.tasks.run_here import all_truth
from core.tasks.train_features import train_features
from core.training import encoder_loop
from tests.fakes.tasks import LocalRun

KEY = "f" * 32
SMALL = EncoderSettings(
    encoder="resnet18", loss="cross_entropy", epochs=2, batch_size=4, learning_rate=0.05, precision="float32",
    patches=PatchSettings(pixel_size_um=16.0, patch_px=64, spacing_mm=1.0, patches_per_area=4, test_every=3),
)  # fmt: skip


def parameters(**changes):
    return FeaturesParameters(**({"areas": ("hOc1", "hOc2"), "settings": SMALL} | changes))


def start(run, wanted=None):
    job = run.definition(KEY, wanted or parameters(), all_truth(run.brain).annotations)
    train_features(job, run.context(KEY))
    return run.results_of(KEY)


@pytest.fixture(scope="module")
def run(tiny_brain, tmp_path_factory):
    run = LocalRun(tiny_brain, tmp_path_factory.mktemp("features"))
    start(run)
    return run


def test_the_encoder_and_what_it_learnt_from_are_left(run):
    report = load_report(run.results_of(KEY))
    assert isinstance(report, FeaturesReport)
    assert (report.areas, report.settings, report.feature_width) == (("hOc1", "hOc2"), SMALL, 512)
    assert {each.area: each.train > 0 for each in report.statistics.areas} == {"hOc1": True, "hOc2": True}
    assert report.patches_per_s > 0
    assert 0 <= report.waiting_share <= 1
    assert np.isfinite(report.final_loss)


def test_progress_goes_through_all_steps(run):
    told = [report for report in run.reports if report.phase.startswith("training")]
    assert told[-1].step == told[-1].of == 4
    assert told[-1].loss is not None


def test_features_of_places_are_the_same_whichever_else_are_asked_for(run):
    encoder, report = load_encoder(run.results_of(KEY), torch.device("cpu"))
    centres_um = np.array([[2000.0, 2000.0], [4000.0, 5000.0], [6000.0, 3000.0]])
    found = features_at(encoder, report, run.brain, 921, centres_um)
    assert (found.shape, found.dtype) == ((3, 512), np.float16)
    np.testing.assert_allclose(features_at(encoder, report, run.brain, 921, centres_um[1:2])[0], found[1], rtol=0.01, atol=1e-3)
    assert np.abs(found[0].astype(float) - found[1]).max() > 0.01
    assert features_at(encoder, report, run.brain, 921, np.empty((0, 2))).shape == (0, 512)


def test_a_stopped_job_goes_on_to_the_same_encoder(run, tmp_path, monkeypatch):
    monkeypatch.setattr(encoder_loop, "REPORT_EVERY_S", 0.0)
    other = LocalRun(run.brain, tmp_path, stop=True)
    with pytest.raises(JobInterruptedError, match="stopped after 1 of 4 steps"):
        start(other)
    other.stop = False
    start(other)
    assert [report.step for report in other.reports if report.phase == "training"] == [1, 2, 3, 4]
    whole, parts = (load_file(each.results_of(KEY) / "encoder.safetensors") for each in (run, other))
    for name, value in whole.items():
        assert torch.equal(parts[name], value), name


def test_a_brain_that_is_not_there_cannot_be_held_out(tiny_brain, tmp_path):
    run = LocalRun(tiny_brain, tmp_path)
    with pytest.raises(BrainsError, match="B07 cannot be held out: the job's brains are TINY"):
        start(run, parameters(transfer=("B07",)))
    with pytest.raises(BrainsError, match="leave one at least"):
        start(run, parameters(transfer=("TINY",)))


def test_features_of_an_unfinished_job_are_refused(tmp_path):
    with pytest.raises(FeaturesFilesError, match="has not ended well"):
        load_encoder(tmp_path, torch.device("cpu"))


def test_patches_too_small_for_an_encoder_are_refused():
    with pytest.raises(ValueError, match="base wants patches of at least 1129 px, not 512"):
        EncoderSettings(encoder="base", patches=PatchSettings(patch_px=512))
    assert EncoderSettings(encoder="base", patches=PatchSettings(patch_px=1129)).patches.patch_px == 1129
