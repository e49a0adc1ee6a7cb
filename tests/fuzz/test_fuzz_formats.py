"""A short run of benchmarks/fuzz_formats.py, and that it notices what it looks for."""

from collections import Counter

import pytest

from benchmarks.format_mutants import mutant, seeds
from benchmarks.fuzz_formats import Plan, check
from benchmarks.fuzzing import Tally, fuzz
from core.formats.shapes import Found, Shape


def stumble(found: Found) -> None:
    raise ZeroDivisionError


def outcomes(plan: Plan, numbers: range) -> Counter[str]:
    tally = Tally()
    for case in fuzz(numbers, plan, workers=1):
        tally.add(case)
    return tally.outcomes


def test_every_damaged_file_gives_shapes_or_a_named_error() -> None:
    found = outcomes(Plan(11), range(250))
    assert set(found) == {"shapes", "refused"}
    assert found.total() == 250
    assert min(found.values()) > 10


def test_a_reader_that_stumbles_is_counted() -> None:
    assert outcomes(Plan(11, stumble), range(40))["crash"] > 0


def test_shapes_that_no_annotation_can_hold_are_noticed() -> None:
    broken = Found("svg", "", (Shape("region", "a", (((0.0, 0.0), (1.0, 1.0)),)),))
    with pytest.raises(ValueError, match="needs at least 3"):
        check(broken)


def test_a_number_gives_the_same_file_again() -> None:
    assert len(seeds()) > 15
    assert mutant(7, 1) == mutant(7, 1) != mutant(8, 1)
