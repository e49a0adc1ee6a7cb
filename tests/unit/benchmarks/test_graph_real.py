import argparse

import numpy as np
import pytest

from benchmarks.graph_real import measure
from benchmarks.graph_real_data import GraphFileError, averaged, discriminant, load, macro_f1, patches
from core.graphs.neighbours import NOBODY
from tests.unit.core.graphs.meshes import icosphere

AREAS = 20


def write_hemisphere(path, side: str, seed: int) -> None:
    """An egg of twenty areas whose profiles differ a little; the right one is the left one's mirror image, bent and stained."""
    vertices, triangles = icosphere(3)
    centres = np.random.default_rng(0).normal(size=(AREAS, 3))
    area = ((vertices[:, None] - centres / np.linalg.norm(centres, axis=1, keepdims=True)) ** 2).sum(axis=2).argmin(axis=1)
    noise, kinds = np.random.default_rng(seed), np.random.default_rng(1).normal(size=(AREAS, 24))
    values = kinds[area] + noise.normal(size=(len(area), 24))
    placed = (vertices + 0.02 * noise.normal(size=vertices.shape)) * (30, 70, 50) + (-40, -10, 10)
    stain = 48000 + 3000 * values[:, :18] + 500 * seed
    np.savez(
        path,
        **{
            f"{side}_v": (placed * ((-1 if side == "rh" else 1), 1, 1)).astype(np.float32),
            f"{side}_f": triangles.astype(np.int32),
            f"{side}_profile": np.clip(stain, 0, 65535).astype(np.uint16),
            f"{side}_layers": (0.4 + 0.05 * values[:, 18:]).astype(np.float32),
            f"{side}_mmp": np.where(vertices[:, 2] < -0.95, 0, area + 1).astype(np.int16),
            "mmp_names": np.array(["medialwall", *(f"A{number}" for number in range(AREAS))]),
        },
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hemispheres")
    write_hemisphere(folder / "left.npz", "lh", 2)
    write_hemisphere(folder / "right.npz", "rh", 3)
    return folder / "left.npz", folder / "right.npz"


def test_all_figures_are_told_of_both_label_sets(files):
    options = argparse.Namespace(file=files[0], test=files[1], quick=True, only_transfer=False)
    names = {figure.name: figure.value for figure in measure(options)}
    assert {"graph.gain_over_mlp", "graph.gain_over_lda", "graph.transfer_macro_f1_12", "graph.transfer_macro_f1_20"} <= set(
        names
    )
    assert {"graph.transfer_registered_macro_f1_20", "graph.transfer_accuracy_12", "graph.transfer_nodes_20"} <= set(names)
    assert names["graph.lda_3_hops_macro_f1_20"] > 0.5
    assert all(-1 <= value <= 1 for name, value in names.items() if "macro_f1" in name)


def test_features_are_told_from_their_own_hemispheres_median(files):
    left, right = (load(path) for path in files)
    for each in (left, right):
        assert np.abs(np.median(each.features, axis=0)).max() < 1e-6
    assert left.labels.min() == -1
    assert left.names[0] == "A0"


def test_patches_hang_together(files):
    left = load(files[0])
    found = patches(left, 0)
    joined = (left.table != NOBODY) & (found[left.table] == found[:, None])
    sizes = np.bincount(found)
    assert len(sizes) == 400
    assert joined.any(axis=1)[sizes[found] > 1].all()


def test_averaging_takes_in_the_neighbours_once_a_hop(files):
    left = load(files[0])
    point = np.zeros((len(left.table), 1))
    point[0] = 1.0
    reached = [int((averaged(point, left.table, hops) > 0).sum()) for hops in (0, 1, 2)]
    assert reached[0] == 1
    assert reached[1] == 1 + int((left.table[0] != NOBODY).sum())
    assert reached[2] > reached[1]


def test_a_discriminant_finds_what_lies_apart():
    generator = np.random.default_rng(0)
    areas = np.repeat(np.array([0, 2], np.int16), 200)
    features = generator.normal(size=(400, 3)) + 4.0 * (areas[:, None] == 2)
    given = discriminant(features, areas, features, 3)
    assert set(given) == {0, 2}
    assert macro_f1(areas, given, 3) > 0.95


def test_a_file_of_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "x.npz", lh_v=np.zeros((3, 3)))
    with pytest.raises(GraphFileError, match="missing: lh_f, lh_profile, lh_layers, lh_mmp, mmp_names"):
        load(tmp_path / "x.npz")
