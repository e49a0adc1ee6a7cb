import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.geometry.frames import px_to_um, um_to_px

lengths = st.floats(-1e5, 1e5)
sizes = st.floats(0.1, 100.0)


@given(st.lists(st.tuples(lengths, lengths), min_size=1, max_size=5), sizes, st.tuples(lengths, lengths))
def test_um_and_px_are_inverse(points: list[tuple[float, float]], pixel_size_um: float, origin_um: tuple[float, float]) -> None:
    there = um_to_px(np.array(points), pixel_size_um, origin_um)
    assert np.allclose(px_to_um(there, pixel_size_um, origin_um), points, atol=1e-6)


def test_the_centre_of_the_first_pixel_is_half_a_pixel_from_the_corner() -> None:
    assert um_to_px(np.array([[8.0, 24.0]]), 16.0).tolist() == [[0.0, 1.0]]
    assert px_to_um(np.array([[0.0, 0.0]]), 16.0, (100.0, 200.0)).tolist() == [[108.0, 208.0]]
