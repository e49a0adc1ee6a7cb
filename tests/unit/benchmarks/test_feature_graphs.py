"""The graphs' rows of the benchmark of features, and the reference space they are told of."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from benchmarks.feature_graphs import at_sites, nearest_nodes
from benchmarks.feature_space import OFF_MM, _empty, cortex, displacement, probabilistic_maps
from core.datasets import BrainFolder
from core.sampling.patch_sites import TEST, TRAIN, AnnotatedBrain, PatchSites
from tests.fakes.brain_folder import write_small_brain

SURFACE = {
    "section": np.array([901, 901, 901, 921], np.int32),
    "usable": np.array([1, 0, 1, 1], np.uint8),
    "point_um": np.array([[0, 0], [100, 0], [400, 0], [100, 0]], np.float32),
    "area": np.array([0, 1, 1, 0], np.int16),
}


def test_of_a_place_the_nearest_usable_node_of_its_section_tells():
    distance_um, nodes = nearest_nodes(SURFACE, 901, np.array([[90.0, 0.0], [350.0, 0.0]]))
    assert nodes.tolist() == [0, 2]
    assert distance_um.tolist() == [90.0, 50.0]


def test_a_section_without_a_usable_node_is_refused():
    with pytest.raises(ValueError, match="section 941"):
        nearest_nodes(SURFACE, 941, np.zeros((1, 2)))


def test_a_graph_is_scored_at_the_places_of_the_patches(tmp_path):
    brain = BrainFolder(write_small_brain(tmp_path))
    surfaces = tmp_path / "graph" / "results" / "surfaces"
    surfaces.mkdir(parents=True)
    save_file(SURFACE, surfaces / "SMALL.safetensors")
    sites = PatchSites(
        (AnnotatedBrain(brain, ()),),
        ("hOc1", "hOc2"),
        brain=np.zeros(3, np.int16),
        section=np.array([901, 921, 901], np.int32),
        centre_um=np.array([[0, 0], [0, 0], [500, 0]], np.float32),
        area=np.array([0, 1, 1], np.int16),
        split=np.array([TEST, TRAIN, TEST], np.int8),
    )
    found = at_sites(tmp_path / "graph", sites)
    assert found.given.tolist() == [0, 0, 1]
    assert found.distance_um.tolist() == [0.0, 100.0, 100.0]
    assert (found.macro_f1(sites, TEST), found.macro_f1(sites, TRAIN)) == (1.0, 0.0)


def test_registration_errors_are_smooth_and_as_large_as_said():
    points, _ = cortex(["central_left"])
    box = _empty(points)
    field = displacement(box, seed=1)
    size_mm = np.linalg.norm(field.values, axis=-1)
    assert np.sqrt((size_mm**2).mean()) == pytest.approx(OFF_MM, rel=0.01)
    beside_mm = np.linalg.norm(np.diff(field.values, axis=0), axis=-1)
    assert beside_mm.max() < 0.5 * OFF_MM
    assert np.abs(field.values - displacement(box, seed=2).values).max() > OFF_MM


def test_maps_know_most_places_and_never_more_than_all():
    points, names = cortex(["central_left"])
    maps = probabilistic_maps(points, names)
    told = np.stack([maps[name].at(points) for name in maps], axis=1)
    assert told.min() >= 0
    assert told.sum(axis=1).max() <= 1.001
    right = np.array(list(maps))[told.argmax(axis=1)] == names
    assert 0.6 < right[names != ""].mean() < 1.0
