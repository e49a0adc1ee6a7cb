from dataclasses import dataclass

import numpy as np
import pytest

from core.pipeline.shared import packed


@dataclass
class Thing:
    name: str
    parts: dict[str, np.ndarray]


def test_an_object_comes_back_with_its_arrays_in_the_shared_memory():
    thing = Thing("areas", {"a": np.arange(10, dtype=np.int64), "b": np.eye(3, order="F"), "empty": np.empty(0)})
    form, arrays = packed(thing)
    memory = memoryview(bytearray(form.shared_bytes))
    form.place(arrays, memory)
    found = form.load(memory)
    assert found.name == "areas"
    for name, array in thing.parts.items():
        np.testing.assert_array_equal(found.parts[name], array)
    assert np.shares_memory(found.parts["a"], np.frombuffer(memory, np.uint8))
    assert form.shared_bytes >= sum(array.nbytes for array in thing.parts.values())


def test_nobody_can_write_to_what_all_read():
    form, arrays = packed(np.zeros(4))
    memory = memoryview(bytearray(form.shared_bytes))
    form.place(arrays, memory)
    with pytest.raises(ValueError, match="read-only"):
        form.load(memory)[0] = 1


def test_an_object_without_arrays_needs_hardly_any_memory():
    form, arrays = packed({"a": 1})
    assert form.load(memoryview(bytearray(form.shared_bytes))) == {"a": 1}
    assert (arrays, form.shared_bytes) == ([], 1)
