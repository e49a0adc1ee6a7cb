from dataclasses import replace

import numpy as np
import pytest

from benchmarks.graph_real import _transferred
from benchmarks.graph_real_data import GraphFileError, areas_by_name, filled, load
from benchmarks.graph_transfer import Learnt, Recipe, carried, learn, learn_all, told
from core.graphs.neighbours import neighbour_table
from tests.unit.core.graphs.meshes import icosphere

AREAS, RECIPE = 8, Recipe(steps=40, width=32, patches=100, copies=4, slip_mm=(1, 3))


def arrays(side: str, seed: int) -> dict[str, np.ndarray]:
    """A bumpy egg of eight areas whose profiles differ; the right one is the left one's mirror image, bent and stained."""
    points, triangles = icosphere(3)
    centres = np.random.default_rng(0).normal(size=(AREAS, 3))
    area = ((points[:, None] - centres / np.linalg.norm(centres, axis=1, keepdims=True)) ** 2).sum(axis=2).argmin(axis=1)
    noise, kinds = np.random.default_rng(seed), np.random.default_rng(1).normal(size=(AREAS, 24))
    values = kinds[area] + noise.normal(size=(len(area), 24))
    bumps = 1 + 0.1 * np.cos(5 * points[:, 0] + 4 * points[:, 1]) * np.sin(6 * points[:, 2] + points[:, 1])
    placed = points * bumps[:, None] * (30, 70, 50) + seed * np.sin(points[:, [1, 2, 0]] * 2) + (-40, -10, 10)
    return {
        f"{side}_v": (placed * ((-1 if side == "rh" else 1), 1, 1)).astype(np.float32),
        f"{side}_f": triangles.astype(np.int32),
        f"{side}_profile": (48000 + 3000 * values[:, :18] + 500 * seed).astype(np.float32),
        f"{side}_layers": (0.4 + 0.05 * values[:, 18:]).astype(np.float32),
        f"{side}_mmp": (area + 1).astype(np.int16),
        "mmp_names": np.array(["medialwall", *(f"{side[0].upper()}_A{number}_ROI" for number in range(AREAS))]),
    }


def renumbered(held: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The nodes in another order."""
    order = np.random.default_rng(5).permutation(len(held["rh_v"]))
    changed = {key: rows[order] for key, rows in held.items() if key not in ("rh_f", "mmp_names")}
    return held | changed | {"rh_f": np.argsort(order)[held["rh_f"]].astype(np.int32)}


def other_names(held: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """An area unknown to the first file, one without a name, and the others in another order."""
    names, labels = held["mmp_names"], held["rh_mmp"]
    turned = np.array([names[0], *names[:0:-1]])
    turned[turned == "R_A2_ROI"] = "R_elsewhere"
    turned[turned == "R_A5_ROI"] = "???"
    return held | {"mmp_names": turned, "rh_mmp": np.where(labels > 0, AREAS + 1 - labels, 0).astype(np.int16)}


def with_holes(held: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Values that are no numbers, and labels that are none."""
    changed = {key: rows.astype(np.float64) for key, rows in held.items() if key in ("rh_profile", "rh_layers", "rh_mmp")}
    changed["rh_profile"][::7, 3] = np.nan
    changed["rh_layers"][:40] = np.inf
    changed["rh_mmp"][:30], changed["rh_mmp"][30:60] = np.nan, 99
    return held | changed


VARIANTS = {
    "as it is": lambda held: held,
    "not mirrored": lambda held: held | {"rh_v": held["rh_v"] * np.float32([-1, 1, 1])},
    "larger and elsewhere": lambda held: held | {"rh_v": held["rh_v"] * np.float32(1.2) + np.float32([5, 20, -9])},
    "inside out": lambda held: held | {"rh_f": held["rh_f"][:, ::-1]},
    "darker": lambda held: held | {"rh_profile": 0.7 * held["rh_profile"] + 2000},
    "renumbered": renumbered,
    "other names": other_names,
    "with holes": with_holes,
    "under keys of the left": lambda held: {key.replace("rh_", "lh_"): rows for key, rows in held.items()},
}


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    file = tmp_path_factory.mktemp("left") / "left.npz"
    np.savez(file, **arrays("lh", 2))
    learnt = Learnt.of(load(file))
    return learnt, learn(learnt, RECIPE, 0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_areas_are_found_on_another_hemisphere(taught, variant, tmp_path):
    learnt, network = taught
    np.savez(tmp_path / "other.npz", **VARIANTS[variant](arrays("rh", 4)))
    other = load(tmp_path / "other.npz")
    found = carried(learnt, other)
    assert found.registration.mirrored == (variant != "not mirrored")
    true = areas_by_name(other, learnt.hemisphere.names)
    judged = true >= 0
    assert judged.sum() > 400
    assert (told(learnt, [network], found).argmax(axis=1) == true)[judged].mean() > 0.85


def test_labels_of_the_other_hemisphere_are_not_looked_at(taught, tmp_path):
    learnt, network = taught
    held = arrays("rh", 4)
    np.savez(tmp_path / "with.npz", **held)
    np.savez(tmp_path / "without.npz", **held | {"rh_mmp": np.zeros_like(held["rh_mmp"])})
    given, blind = (told(learnt, [network], carried(learnt, load(tmp_path / f"{name}.npz"))) for name in ("with", "without"))
    assert (given == blind).all()


def test_networks_that_learn_side_by_side_learn_what_they_would_alone(taught):
    learnt, recipe = taught[0], replace(RECIPE, steps=2)
    for seed, network in enumerate(learn_all(learnt, recipe, 2)):
        alone = learn(learnt, recipe, seed).state_dict()
        assert all(np.allclose(value, alone[name], atol=1e-3) for name, value in network.state_dict().items())


def test_a_surface_that_is_no_sphere_is_registered_by_shape_alone(taught):
    learnt, _ = taught
    here = learnt.hemisphere
    holed = type(here)(here.vertices, here.triangles[3:], neighbour_table(len(here.table), here.triangles), *_rest(here))
    assert (carried(learnt, holed).shape == np.arange(len(here.labels))).mean() > 0.99


def test_files_without_a_common_area_are_refused(taught):
    here = taught[0].hemisphere
    other = type(here)(here.vertices, here.triangles, here.table, here.features, here.labels, tuple("ABCDEFGH"))
    with pytest.raises(GraphFileError, match="no area of the second file"):
        _transferred(here, other, {AREAS: here.names}, quick=True)


def test_what_is_no_number_is_filled_outward_from_its_neighbours():
    triangles = np.array([[0, 1, 2], [1, 2, 3], [2, 3, 4]])
    values = np.array([[1.0], [1.0], [np.nan], [np.inf], [np.nan], [np.nan]])
    assert np.allclose(filled(values, neighbour_table(6, triangles))[:, 0], [1, 1, 1, 1, 1, 0])


def _rest(here):
    return here.features, here.labels, here.names
