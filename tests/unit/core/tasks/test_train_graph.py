import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from core.anatomy.midsurface import write_midsurface
from core.contracts.graphs import GraphParameters, GraphReport, GraphSettings
from core.contracts.training import SectionPrediction
from core.graphs.cortex import NOT_ANNOTATED, TEST, TRAINING
from core.graphs.node_features import on_sections
from core.inference.patch_features import load_encoder
from core.tasks import graph_inputs
from core.tasks.annotated_brains import BrainsError
from core.tasks.context import JobInterruptedError
from core.tasks.graph_inputs import GraphInputError
from core.tasks.run_here import all_truth
from core.tasks.train_graph import train_graph
from core.training.graph_loop import NothingToLearnError
from tests.fakes.feature_jobs import FEATURES_KEY
from tests.fakes.graphs import gray_midsurface
from tests.fakes.tasks import LocalRun

SPACING_UM = 800.0
SURFACE_KEY, GRAPH_KEY = "1" * 32, "2" * 32
AREAS = ("hOc1", "hOc2")
SMALL = GraphSettings(
    width=16, layers=2, features=("cytoarchitecture", "coordinates"), feature_components=8, epochs=40, batch_size=128,
    learning_rate=0.1,
)  # fmt: skip


def parameters(**changes) -> GraphParameters:
    values = {"areas": AREAS, "midsurface_jobs": (SURFACE_KEY,), "features_job": FEATURES_KEY, "settings": SMALL}
    return GraphParameters(**(values | changes))


def prepared(featured, folder) -> LocalRun:
    run = LocalRun(featured.brain, folder)
    shutil.copytree(featured.results_of(FEATURES_KEY), run.results_of(FEATURES_KEY))
    run.context(SURFACE_KEY)
    write_midsurface(run.results_of(SURFACE_KEY), gray_midsurface(run.brain, SPACING_UM))
    return run


def start(run, wanted=None, key=GRAPH_KEY):
    job = run.definition(key, wanted or parameters(), all_truth(run.brain).annotations)
    train_graph(job, run.context(key))
    results = run.results_of(key)
    return results, GraphReport.model_validate_json((results / "graph.json").read_text())


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Steps of so small a network take longer with two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def done(featured, tmp_path_factory):
    run = prepared(featured, tmp_path_factory.mktemp("graph"))
    return run, *start(run)


def test_areas_are_told_on_sections_that_nothing_was_learnt_from(done):
    _, _, report = done
    assert report.areas == AREAS
    assert report.test is not None
    assert report.transfer is None
    assert report.train.macro_f1 > 0.8
    assert report.test.macro_f1 > 0.8
    assert np.isfinite(report.final_loss)


def test_sections_that_the_encoder_knows_are_told(done):
    _, _, report = done
    assert any("the encoder has learnt from sections 921 of TINY" in each for each in report.warnings)
    assert any("the 8 components kept of deep features have" in each for each in report.warnings)


def test_the_surface_holds_what_was_found_beside_the_mesh(done):
    run, results, report = done
    surface = gray_midsurface(run.brain, SPACING_UM)
    (told,) = report.surfaces
    held = load_file(results / "surfaces" / told.file)
    assert told.file == "TINY.safetensors"
    assert (held["triangles"] == surface.triangles).all()
    assert held["area"].dtype == np.int16
    assert set(np.unique(held["area"])) <= {0, 1}
    assert held["probability"].min() >= 127
    assert set(np.unique(held["split"])) == {NOT_ANNOTATED, TRAINING, TEST}
    assert (held["annotated"][held["split"] == NOT_ANNOTATED] == -1).all()
    assert set(surface.section[held["split"] == TEST]) == {921}
    assert sum(told.area_mm2.values()) == pytest.approx(_area_mm2(surface), rel=1e-4)


def _area_mm2(surface) -> float:
    a, b, c = (surface.vertices_mm[surface.triangles[:, corner]].astype(float) for corner in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def test_every_section_gets_predictions_as_of_a_predict_job(done):
    run, results, _ = done
    documents = sorted((results / "predictions").glob("*.json"))
    found = [SectionPrediction.model_validate_json(path.read_text()) for path in documents]
    assert {each.section for each in found} == {section.number for section in run.brain.brain.sections}
    assert {each.area for each in found} == set(AREAS)
    for each in found:
        assert each.area_mm2 > 0
        for name in (each.label_file, each.confidence_file, each.probability_file, each.entropy_file):
            assert (results / "predictions" / name).is_file()


def test_the_nets_weights_are_left(done):
    _, results, _ = done
    weights = load_file(results / "graph.safetensors")
    assert weights["classify.weight"].shape == (2, 16)


def test_a_stopped_job_goes_on_to_the_same_network(done, featured, tmp_path):
    run, results, _ = done
    other = prepared(featured, tmp_path)
    job = other.definition(GRAPH_KEY, parameters(), all_truth(run.brain).annotations)
    context, other.stop = other.context(GRAPH_KEY), True
    with pytest.raises(JobInterruptedError, match="deep features of TINY were stopped after 0 of 5 sections"):
        train_graph(job, context)
    other.stop = False
    for path in run.context(GRAPH_KEY).checkpoints.glob("features-*"):
        shutil.copy(path, context.checkpoints)
    stops = iter([False] * 12 + [True] * 100)
    context = other.context(GRAPH_KEY)
    with pytest.raises(JobInterruptedError, match="training was stopped after"):
        train_graph(job, replace(context, stop_requested=lambda: next(stops)))
    train_graph(job, context)
    whole, parts = (load_file(each / "graph.safetensors") for each in (results, other.results_of(GRAPH_KEY)))
    for name, value in whole.items():
        assert np.array_equal(parts[name], value), name


def test_coordinates_alone_need_no_encoder(done):
    run, *_ = done
    settings = SMALL.model_copy(update={"features": ("coordinates",), "epochs": 5, "layer": "sage"})
    _, report = start(run, parameters(features_job=None, settings=settings), "3" * 32)
    assert report.settings.features == ("coordinates",)
    assert not any("surface's own extent" in each for each in report.warnings)  # the phantom knows where its sections lie


def test_maps_that_were_not_projected_are_asked_for(done):
    run, *_ = done
    with pytest.raises(GraphInputError, match="onto the sections of TINY; run `brodmann atlas`"):
        start(run, parameters(features_job=None, settings=SMALL.model_copy(update={"features": ("maps",)})))


def test_missing_maps_are_told_before_deep_features_are_computed(done, tmp_path):
    run, *_ = done
    run.reports.clear()
    settings = SMALL.model_copy(update={"features": ("cytoarchitecture", "maps")})
    with pytest.raises(GraphInputError, match="leave maps out"):
        start(run, parameters(settings=settings), "4" * 32)
    assert not any("deep features" in each.phase for each in run.reports)


class InThreads:
    """Two processes as two threads: each comes to `total` before either goes on."""

    count = 2

    def __init__(self, rank, barrier, values):
        self.rank, self.speaks, self._barrier, self._values = rank, rank == 0, barrier, values

    def total(self, values):
        self._values[self.rank] = values
        self._barrier.wait(60)
        summed = self._values[0] + self._values[1]
        self._barrier.wait(60)
        return summed


def test_several_processes_share_the_deep_features_and_read_the_same(done, featured, tmp_path, monkeypatch):
    run, *_ = done
    asked, surface = [], gray_midsurface(run.brain, SPACING_UM)
    monkeypatch.setattr(
        graph_inputs,
        "features_at",
        lambda *given: asked.append(given[3]) or np.full((len(given[4]), 512), given[3], np.float16),
    )
    encoder = load_encoder(featured.results_of(FEATURES_KEY), torch.device("cpu"))
    context = LocalRun(run.brain, tmp_path).context(GRAPH_KEY)
    barrier, values = threading.Barrier(2), [None, None]
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(graph_inputs._computed, encoder, run.brain, surface, (context, InThreads(rank, barrier, values)))
            for rank in range(2)
        ]
        first, second = (each.result(60) for each in both)
    assert sorted(asked) == sorted(number for number, _ in on_sections(surface))  # each once
    assert np.array_equal(first, second)
    for number, here in on_sections(surface):
        assert (first[here] == np.float16(number)).all()


def test_what_does_not_fit_is_told(done):
    run, *_ = done
    with pytest.raises(GraphInputError, match="1 brains and 2 surfaces"):
        start(run, parameters(midsurface_jobs=(SURFACE_KEY, SURFACE_KEY)))
    with pytest.raises(BrainsError, match="leave one at least"):
        start(run, parameters(transfer=("TINY",)))
    with pytest.raises(NothingToLearnError):
        start(run, parameters(areas=("PF", "PFm")))
