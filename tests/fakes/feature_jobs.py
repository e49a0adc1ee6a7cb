"""A small features job on a brain whose truth is known, and the classification that follows it."""

from pathlib import Path

from core.contracts.features import ClassifyPatchesParameters, EncoderSettings, FeaturesParameters, PatchSettings
from core.tasks.classify_patches import classify_patches
from core.tasks.run_here import all_truth
from core.tasks.train_features import train_features
from tests.fakes.tasks import LocalRun

FEATURES_KEY, CLASSIFY_KEY = "f" * 32, "e" * 32
AREAS = ("hOc1", "hOc2")
SMALL = EncoderSettings(
    encoder="resnet18", loss="cross_entropy", epochs=2, batch_size=4, learning_rate=0.05, precision="float32",
    patches=PatchSettings(pixel_size_um=16.0, patch_px=64, spacing_mm=1.0, patches_per_area=4, test_every=3),
)  # fmt: skip


def train_small(run: LocalRun, transfer: tuple[str, ...] = ()) -> Path:
    """Train an encoder; the results folder."""
    parameters = FeaturesParameters(areas=AREAS, transfer=transfer, settings=SMALL)
    job = run.definition(FEATURES_KEY, parameters, all_truth(run.brain).annotations)
    train_features(job, run.context(FEATURES_KEY))
    return run.results_of(FEATURES_KEY)


def classify_small(run: LocalRun) -> Path:
    """Classify by the features of `train_small`; the results folder."""
    parameters = ClassifyPatchesParameters(features_job=FEATURES_KEY, areas=AREAS)
    job = run.definition(CLASSIFY_KEY, parameters, all_truth(run.brain).annotations)
    classify_patches(job, run.context(CLASSIFY_KEY))
    return run.results_of(CLASSIFY_KEY)
