import pytest

from compute_service.runner.__main__ import OUT_OF_MEMORY, sentence


class OutOfMemoryError(RuntimeError):
    """Called like torch's."""


@pytest.mark.parametrize("error", [MemoryError(), OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")])
def test_missing_memory_is_said_with_a_remedy(error):
    assert sentence(error) == OUT_OF_MEMORY


def test_an_errors_own_words_are_used():
    assert sentence(ValueError("area hOc1 is not annotated on section 901")) == "area hOc1 is not annotated on section 901"


def test_an_error_without_words_is_named():
    assert "ZeroDivisionError" in sentence(ZeroDivisionError())
