"""Keys that follow from other keys."""

import pytest

from backend.domain.errors import InvalidError
from backend.domain.keys import check_key, derived_key


def test_the_same_parts_give_the_same_key_and_other_parts_another() -> None:
    assert derived_key("job", "p", 1) == derived_key("job", "p", 1)
    keys = {derived_key(*parts) for parts in (("a", "bc"), ("ab", "c"), ("abc",), ("c", "ab"), ("a", "b", "c"))}
    assert len(keys) == 5


def test_a_derived_key_is_a_key() -> None:
    check_key(derived_key("x"), "A thing")


@pytest.mark.parametrize("wrong", ["", "f" * 31, "F" * 32, "f" * 33, "../" + "f" * 29, "f" * 32 + "\n"])
def test_anything_else_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidError, match="A thing is named by"):
        check_key(wrong, "A thing")
