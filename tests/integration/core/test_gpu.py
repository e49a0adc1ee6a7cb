"""The GPU's results beside the processor's. Skipped where there is no GPU."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.contracts.datasets import RasterGrid
from core.contracts.training import SegmentationSettings
from core.inference.predict import Member, Predictor
from core.models.device import compiled, mixed_precision, placed
from core.models.factory import as_input, build_model
from core.models.geometry import patch_geometry
from core.sampling.regions import PlacedMask
from core.training import loop
from core.training.batches import batches
from core.training.device_stage import DeviceStage
from core.training.loop import train_model
from tests.fakes.learning import RecordedSurroundings, patch_source

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch"),  # torch's compiler imports what torch has deprecated
]

CPU, GPU = torch.device("cpu"), torch.device("cuda")
SETTINGS = SegmentationSettings(architecture="ms_unet", output_px=32, batch_size=3, iterations=6, seed=5, learning_rate=0.01)


@pytest.fixture(autouse=True)
def _whole_float32():
    """TensorFloat-32 keeps ten bits of the mantissa: what is compared here is computed in full."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = before


@pytest.mark.parametrize("shapes", [False, True])
def test_patches_cut_on_the_gpu_are_those_cut_on_the_processor(shapes):
    source = patch_source(SETTINGS.model_copy(update={"shape_input": shapes}))
    plan = source.plan(0)
    expected, found = DeviceStage(source, CPU).batch(plan), DeviceStage(source, GPU).batch(plan)
    assert expected.inputs.keys() == found.inputs.keys()
    for name, image in expected.inputs.items():
        difference = (found.inputs[name].cpu() - image).abs() * 255
        assert (difference > 1.5).float().mean() < 1e-4, name  # a half rounded the other way is one gray value
    assert (found.labels.cpu() != expected.labels).float().mean() < 1e-3


def test_a_network_says_the_same_there():
    source = patch_source(SETTINGS)
    batch = next(batches(source, 0, 1))
    model = build_model("ms_unet").eval()
    inputs = [as_input(image) for image in batch.inputs.values()]
    with torch.inference_mode():
        expected = model(*(image.cpu() for image in inputs))
        found = placed(model, GPU)(*inputs).cpu()
        with mixed_precision(GPU, "bfloat16"):
            coarse = compiled(model, GPU)(*inputs).float().cpu()
    assert torch.linalg.norm(found - expected) < 1e-4 * torch.linalg.norm(expected)
    assert torch.linalg.norm(coarse - expected) < 3e-2 * torch.linalg.norm(expected)


@pytest.mark.parametrize("worth_compiling", [1, 1000])
def test_the_same_seed_gives_the_same_curve_and_so_does_a_resumed_training(tmp_path, monkeypatch, worth_compiling):
    monkeypatch.setattr(loop, "WORTH_COMPILING", worth_compiling)
    weights = []
    for name, stop_after in (("one", None), ("two", None), ("three", 3), ("three", None)):
        (tmp_path / name).mkdir(exist_ok=True)
        surroundings = RecordedSurroundings(tmp_path / name, stop_after=stop_after)
        model = build_model(SETTINGS.architecture, SETTINGS.seed)
        train_model(model, patch_source(SETTINGS), np.ones(4, np.float32), SETTINGS, surroundings)
        weights.append(torch.cat([value.flatten().float().cpu() for value in model.state_dict().values()]))
    one, two, _, resumed = weights
    # cuDNN adds gradients in no fixed order: equal up to the rounding of bfloat16, not bit for bit.
    assert torch.linalg.norm(two - one) < 1e-2 * torch.linalg.norm(one)
    assert torch.linalg.norm(resumed - one) < 1e-2 * torch.linalg.norm(one)


def test_labels_predicted_there_are_the_processor_s():
    settings = SETTINGS.model_copy(update={"precision": "float32"})
    geometry, model = patch_geometry(settings), build_model("ms_unet").eval()
    noise = np.random.default_rng(0).integers(0, 256, (4096, 4096), np.uint8)
    grid = RasterGrid(pixel_size_um=16.0, width_px=96, height_px=64)
    mask = np.ones((64, 96), np.bool_)

    def read(lies: RasterGrid) -> np.ndarray:
        left, top = (round(origin_um / lies.pixel_size_um) + 2000 for origin_um in lies.origin_um)
        return noise[top : top + lies.height_px, left : left + lies.width_px]

    found = {}
    for device in (CPU, GPU):
        predictor = Predictor((Member(placed(model, device)),), geometry, "float32", tile_px=64)
        found[device] = predictor.predict(PlacedMask(1, mask, grid), mask.astype(np.uint8), read, lambda done, of: None)
    assert (found[CPU].labels == found[GPU].labels).mean() > 0.999
    wider = replace(predictor, tile_px=96).predict(
        PlacedMask(1, mask, grid), mask.astype(np.uint8), read, lambda done, of: None
    )
    assert (wider.labels == found[GPU].labels).mean() > 0.999
