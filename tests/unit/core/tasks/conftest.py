import pytest
import torch

from core.datasets import BrainFolder, adopt_truth
from core.phantom import build
from core.tasks import train_segmentation
from tests.fakes.feature_jobs import train_small
from tests.fakes.tasks import LocalRun


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="session")
def _few_batches_of_statistics():
    """What models are like is held elsewhere: here a training need not spend most of its time on them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_segmentation, "RECALIBRATION_BATCHES", 4)
        yield


@pytest.fixture(scope="session")
def tiny_brain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brains") / "TINY"
    build(folder, "tiny", workers=1)
    adopt_truth(folder)
    return BrainFolder(folder)


@pytest.fixture(scope="session")
def trained(tiny_brain, tmp_path_factory):
    """One training with the tiny preset, shared by the tests that only read it."""
    run = LocalRun(tiny_brain, tmp_path_factory.mktemp("train"))
    run.train()
    return run


@pytest.fixture(scope="session")
def featured(tiny_brain, tmp_path_factory):
    """One training of an encoder, shared by the tests that only read it."""
    run = LocalRun(tiny_brain, tmp_path_factory.mktemp("features"))
    train_small(run)
    return run


@pytest.fixture
def run(tiny_brain, tmp_path):
    return LocalRun(tiny_brain, tmp_path)
