import numpy as np
import pytest

from core.pipeline.slots import (
    HEADER_BYTES,
    Room,
    SlotTooSmallError,
    read_shared,
    read_slot,
    room_for,
    slot_bytes,
    write_arrays,
    write_failure,
)


def slot(largest=10_000):
    return memoryview(bytearray(slot_bytes(largest)))


def test_arrays_of_any_kind_come_back_as_they_were():
    memory = slot()
    arrays = {
        "image": np.arange(24, dtype=np.float32).reshape(2, 3, 4)[:, ::2],
        "labels": np.full((3, 5), 255, np.uint8),
        "none": np.empty((0, 7), np.int64),
        "scalar": np.array(2.5),
    }
    used = write_arrays(memory, arrays)
    assert HEADER_BYTES < used <= len(memory)
    found = read_slot(memory)
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_what_is_read_lies_in_the_slot():
    memory = slot()
    write_arrays(memory, {"a": np.zeros(4, np.uint8)})
    found = read_slot(memory)["a"]
    write_arrays(memory, {"a": np.ones(4, np.uint8)})
    assert found.tolist() == [1, 1, 1, 1]


def test_a_result_beyond_the_slot_is_refused_with_both_sizes():
    with pytest.raises(SlotTooSmallError, match="20032 bytes does not fit: the stage was made for 10048"):
        write_arrays(slot(), {"a": np.zeros(20_000, np.uint8)})


def test_words_of_a_failure_keep_their_end_however_long():
    memory = slot()
    assert write_failure(memory, "µ" * 100_000 + "ValueError: no") == HEADER_BYTES
    assert read_slot(memory).endswith("µValueError: no")


def test_what_many_share_just_fits_and_nobody_can_write_to_it():
    arrays = {"a": np.arange(5), "b": np.ones((3, 3), np.float32)}
    memory = memoryview(bytearray(room_for(arrays)))
    assert write_arrays(memory, arrays) == len(memory)
    shared = read_shared(memory)
    np.testing.assert_array_equal(shared["a"], arrays["a"])
    with pytest.raises(ValueError, match="read-only"):
        shared["b"][0] = 2


def test_an_array_that_is_made_in_the_room_is_the_one_that_is_read():
    memory = slot()
    room = Room(memory)
    room.put({"before": np.arange(3)})
    made = room.empty("image", (2, 3), np.float32)
    room.close()
    made[:] = 7
    found = read_slot(memory)
    assert list(found) == ["before", "image"]
    assert (found["image"] == 7).all()
