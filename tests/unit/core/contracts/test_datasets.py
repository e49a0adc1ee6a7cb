import pytest
from pydantic import ValidationError

from core.contracts.datasets import Brain, Section


def brain(*numbers: int) -> Brain:
    sections = tuple(
        Section(number=number, file=f"sections/T1_{number:04d}.tif", width_px=10, height_px=10, fingerprint="0" * 64)
        for number in numbers
    )
    return Brain(id="T1", title="test", provenance="synthetic", pixel_size_um=1.0, section_thickness_um=20.0, sections=sections)


def test_a_section_is_found_by_its_number() -> None:
    assert brain(3, 7).section(7).file == "sections/T1_0007.tif"


def test_an_unknown_number_names_brain_and_section() -> None:
    with pytest.raises(KeyError, match="brain T1 has no section 5"):
        brain(3, 7).section(5)


@pytest.mark.parametrize("numbers", [(7, 3), (3, 3)])
def test_numbers_must_increase(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="must increase"):
        brain(*numbers)
