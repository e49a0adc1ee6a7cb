"""Batches of sections that do not stay in memory: worker processes read their files."""

import math

import pytest
import torch

from core.contracts.presets import PRESETS
from core.datasets import BrainFolder, adopt_truth
from core.datasets.build_store import StoreOptions, build_store
from core.models.geometry import patch_geometry
from core.phantom import build
from core.pipeline import WorkerFailedError
from core.sampling.centres import BalancedCentres
from core.sampling.resident import StreamedRaster, load_resident
from core.tasks.train_segmentation import surroundings_of
from core.training import batches as module
from core.training.batches import batches
from core.training.patch_source import PatchSource

pytestmark = pytest.mark.usefixtures("many_processors")
SETTINGS = PRESETS["tiny"].settings.model_copy(
    update={"architecture": "ms_unet", "output_px": 32, "roi_radius_mm": 0.5, "batch_size": 3}
)


@pytest.fixture
def many_processors(monkeypatch):
    monkeypatch.setattr(module, "THREADS_SUFFICE", 0)


@pytest.fixture(scope="module", params=["image files", "store"])
def brain(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("brains") / "TINY"
    build(folder, "tiny", workers=1)
    adopt_truth(folder)
    brain = BrainFolder(folder)
    if request.param == "store":
        build_store(folder, StoreOptions(pixel_size_um=brain.brain.pixel_size_um, workers=1), lambda progress: None)
    return brain


def source(brain, limit_bytes):
    outlines = [outline.paths for outline in brain.truth(921).outlines if outline.area == "hOc1"]
    section = load_resident(brain, 921, [outlines], surroundings_of(SETTINGS), limit_bytes)
    centres = BalancedCentres([section.labels_in_region.values], ("hOc1",), (921,))
    return PatchSource([section], centres, patch_geometry(SETTINGS), SETTINGS)


def same(one, other):
    pairs = [(one.labels, other.labels), *((one.inputs[name], other.inputs[name]) for name in one.inputs)]
    return all(torch.equal(*pair) for pair in pairs)


def test_streamed_batches_are_those_of_sections_in_memory_whatever_the_number_of_workers(brain, monkeypatch):
    in_memory, streamed = source(brain, math.inf), source(brain, 1000)
    assert all(isinstance(image, StreamedRaster) for image in streamed.sections[0].images.values())
    expected = list(batches(in_memory, 0, 4))
    for workers in (1, 2):
        monkeypatch.setattr(module, "MOST_WORKERS", workers)
        found = list(batches(streamed, 0, 4))  # all kept: a batch has memory of its own
        assert len(found) == 4
        assert all(same(one, other) for one, other in zip(expected, found, strict=True))


def test_streamed_batches_can_be_left_early_and_taken_up_again(brain, monkeypatch):
    monkeypatch.setattr(module, "MOST_WORKERS", 1)
    streamed = source(brain, 1000)
    run = batches(streamed, 0, 1000)
    next(run)
    run.close()
    assert same(next(batches(streamed, 5, 6)), next(batches(source(brain, math.inf), 5, 6)))


def test_threads_read_streamed_sections_where_processors_are_few(brain, monkeypatch):
    monkeypatch.setattr(module, "THREADS_SUFFICE", torch.get_num_threads())
    monkeypatch.setattr(module, "processes_open", None)
    assert same(next(batches(source(brain, 1000), 0, 1)), next(batches(source(brain, math.inf), 0, 1)))


def test_a_file_that_a_worker_cannot_read_is_named(brain, monkeypatch):
    monkeypatch.setattr(module, "MOST_WORKERS", 1)
    streamed = source(brain, 1000)
    path = brain.section_path(921)
    path.rename(path.with_suffix(".away"))
    try:
        with pytest.raises(WorkerFailedError, match=rf"{path.name}.*no such file"):
            next(batches(streamed, 0, 1))
    finally:
        path.with_suffix(".away").rename(path)
