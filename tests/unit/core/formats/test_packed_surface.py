"""A surface packed for a picture comes out as it went in: but for steps of a few µm, and in another order."""

import gzip
import json
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from numpy.typing import NDArray

from core.formats.packed_surface import MOST_STEPS, STEP_MM, STEP_UM, packed_surface, z_order
from tests.fakes.mapping import graph_arrays, midsurface_arrays

SECTIONS = (901, 921, 941, 961)
Integers = NDArray[np.int64]


def unpacked(content: bytes) -> tuple[dict[str, Integers], dict[str, Any]]:
    """Columns of whole numbers (n, columns) by name, triangles of nodes, and the words in the header."""
    raw = gzip.decompress(content)
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    found = {}
    for name, values in safetensors.numpy.load(raw).items():
        if name == "sections":
            found[name] = values.astype(np.int64)
            continue
        number = sum(values[:, byte].astype(np.int64) << (8 * byte) for byte in range(values.shape[1]))
        difference = np.where(number % 2, -(number + 1) // 2, number // 2).T
        found[name] = difference if name == "triangles" else difference.cumsum(axis=0)
    first, second, third = found["triangles"].T
    found["triangles"] = np.stack([first.cumsum(), first.cumsum() + second, first.cumsum() + third], axis=1)
    return found, json.loads(header["__metadata__"]["packed"])


def nearest(there: NDArray[Any], here: NDArray[Any]) -> NDArray[np.intp]:
    """Which of the places there each of those here is."""
    return np.asarray(np.linalg.norm(here[:, None] - there, axis=2).argmin(axis=1))


def test_every_node_comes_back_with_what_is_known_of_it_to_within_half_a_step() -> None:
    arrays = graph_arrays(SECTIONS)
    arrays["section"] = np.where(np.arange(len(arrays["section"])) % 7 == 0, -1, arrays["section"]).astype(np.int32)
    found, told = unpacked(packed_surface(arrays))
    vertices = np.array(told["low_mm"]) + found["vertices"] * told["step_mm"]
    was = nearest(np.asarray(arrays["vertices_mm"], np.float64), vertices)
    assert len(set(was.tolist())) == len(vertices) == len(arrays["vertices_mm"])
    assert np.abs(vertices - arrays["vertices_mm"][was]).max() <= STEP_MM / 2 + 1e-6
    point = np.array(told["low_um"]) + found["point"] * told["step_um"]
    assert np.abs(point - arrays["point_um"][was]).max() <= STEP_UM / 2 + 1e-3
    for name in ("area", "probability", "annotated", "split"):
        assert np.array_equal(found[name][:, 0], arrays[name][was])
    section = np.concatenate([[-1], found["sections"]])[found["section"][:, 0]]
    assert np.array_equal(section, arrays["section"][was])


def test_triangles_are_the_same_and_turn_the_same_way_in_the_order_of_their_first_nodes() -> None:
    arrays = midsurface_arrays(SECTIONS)
    found, told = unpacked(packed_surface(arrays))
    vertices = np.array(told["low_mm"]) + found["vertices"] * told["step_mm"]
    triangles = nearest(np.asarray(arrays["vertices_mm"], np.float64), vertices)[found["triangles"]]
    assert turned(triangles) == turned(arrays["triangles"])
    assert (np.diff(found["triangles"][:, 0]) >= 0).all()
    assert (found["triangles"].argmin(axis=1) == 0).all()
    assert "area" not in found


def turned(triangles: NDArray[Any]) -> set[tuple[int, ...]]:
    """Triangles from their smallest node on, in the sense in which they turn."""
    return {tuple(np.roll(each, -each.argmin()).tolist()) for each in triangles}


def test_nodes_that_follow_one_another_lie_close_together_and_so_it_is_small() -> None:
    arrays = graph_arrays(SECTIONS, levels=6)
    shuffled = np.random.default_rng(0).permutation(len(arrays["vertices_mm"]))
    arrays = {name: values if name == "triangles" else values[shuffled] for name, values in arrays.items()}
    arrays["triangles"] = np.argsort(shuffled)[arrays["triangles"]].astype(np.int32)
    content = packed_surface(arrays)
    found, told = unpacked(content)
    steps_mm = np.linalg.norm(np.diff(found["vertices"], axis=0), axis=1) * told["step_mm"]
    assert np.median(steps_mm) < 1.0  # edges are 0.6 mm
    assert len(content) < sum(values.nbytes for values in arrays.values()) / 4


def test_a_surface_too_large_for_the_steps_gets_larger_ones() -> None:
    arrays = midsurface_arrays(SECTIONS)
    arrays["vertices_mm"] = arrays["vertices_mm"] * np.float32(100)
    found, told = unpacked(packed_surface(arrays))
    assert told["step_mm"] == pytest.approx(4000 / MOST_STEPS, rel=1e-3)
    assert found["vertices"].max() == MOST_STEPS


def test_a_surface_without_nodes_or_sections_is_packed_as_well() -> None:
    arrays = midsurface_arrays(SECTIONS)
    none = unpacked(packed_surface({name: values[:0] for name, values in arrays.items()}))[0]
    assert (len(none["vertices"]), len(none["triangles"])) == (0, 0)
    arrays["section"] = np.full_like(arrays["section"], -1)
    found = unpacked(packed_surface(arrays))[0]
    assert (len(found["sections"]), found["section"].any()) == (0, False)


def test_the_curve_takes_the_bits_of_three_numbers_in_turn() -> None:
    numbers = np.random.default_rng(1).integers(0, MOST_STEPS + 1, (50, 3))
    places = [(bit, axis) for bit in range(16) for axis in range(3)]
    expected = [sum(((int(each[axis]) >> bit) & 1) << (3 * bit + axis) for bit, axis in places) for each in numbers]
    assert z_order(numbers).tolist() == expected
