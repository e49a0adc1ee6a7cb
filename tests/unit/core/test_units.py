import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.units import mm_to_um, um2_to_mm2, um_to_mm


@given(st.floats(-1e6, 1e6))
def test_mm_and_um_are_inverse(length_mm: float) -> None:
    assert um_to_mm(mm_to_um(length_mm)) == pytest.approx(length_mm)


def test_a_square_millimetre_is_a_million_square_micrometres() -> None:
    assert um2_to_mm2(mm_to_um(1.0) ** 2) == 1.0
