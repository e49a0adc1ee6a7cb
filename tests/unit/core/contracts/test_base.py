from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from core.contracts.base import Contract, Identifier, Key, Moment

identifiers: TypeAdapter[str] = TypeAdapter(Identifier)


class Example(Contract):
    size_um: float


@pytest.mark.parametrize("name", ["hOc1", "B20", "a", "0", "Fo3.left_v-2", "x" * 64])
def test_names_of_the_field_are_identifiers(name: str) -> None:
    assert identifiers.validate_python(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".a", "-a", "_a", "a/b", "a\\b", "a b", "a\n", "\na", "é", "a\0", "x" * 65, "a:b"]
)
def test_what_is_no_path_component_is_no_identifier(name: str) -> None:
    with pytest.raises(ValidationError):
        identifiers.validate_python(name)


@given(st.text(max_size=10))
def test_no_identifier_leads_out_of_a_folder(text: str) -> None:
    try:
        name = identifiers.validate_python(text)
    except ValidationError:
        return
    assert name.strip(".")
    assert not set(name) & set("/\\\0\n\r :")


@pytest.mark.parametrize("key", ["", "a" * 31, "a" * 33, "A" * 32, "g" * 32, "a" * 32 + "\n"])
def test_a_key_is_32_lower_case_hexadecimal_digits(key: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Key).validate_python(key)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "wide", None])
def test_a_number_must_be_finite(value: object) -> None:
    with pytest.raises(ValidationError):
        Example(size_um=value)


def test_unknown_fields_are_refused_and_documents_do_not_change() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Example(size_um=1.0, size_px=2)
    with pytest.raises(ValidationError, match="frozen"):
        Example(size_um=1.0).size_um = 2.0


def test_times_are_kept_in_utc_and_need_a_zone() -> None:
    moments = TypeAdapter(Moment)
    local = datetime(2026, 11, 22, 13, 0, tzinfo=timezone(timedelta(hours=1)))
    assert moments.validate_python(local) == datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert moments.validate_python(local).tzinfo is UTC
    with pytest.raises(ValidationError, match="time zone"):
        moments.validate_python(datetime(2026, 11, 22, 13, 0))
