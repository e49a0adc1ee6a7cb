"""A short run of benchmarks/fuzz_tiff.py, and that it notices what it looks for."""

import os
import time
from collections import Counter

import numpy as np

from benchmarks.fuzz_tiff import Plan
from benchmarks.fuzzing import Tally, fuzz
from benchmarks.tiff_mutants import mutant, seeds
from core.imaging.pyramid import Pyramid

LARGE = 1100 << 20


def die(image: Pyramid) -> None:
    os.abort()


def hang(image: Pyramid) -> None:
    time.sleep(600)


def grow(image: Pyramid) -> None:
    assert np.ones(LARGE, np.uint8).any()


def stumble(image: Pyramid) -> None:
    raise ZeroDivisionError


def outcomes(plan: Plan, numbers: range = range(3)) -> Counter[str]:
    tally = Tally()
    for case in fuzz(numbers, plan, workers=1):
        tally.add(case)
    return tally.outcomes


def readable(count: int) -> range:
    """Numbers from the first file on that can be opened."""
    first = next(case.number for case in fuzz(range(100), Plan(5), workers=1) if case.outcome == "image")
    return range(first, first + count)


def test_every_damaged_file_gives_an_image_or_a_named_error() -> None:
    found = outcomes(Plan(11), range(250))
    assert set(found) == {"image", "refused"}
    assert found.total() == 250
    assert min(found.values()) > 25


def test_deaths_slowness_size_and_errors_without_a_name_are_counted_and_the_run_goes_on() -> None:
    numbers = readable(2)
    for read, outcome in ((die, "crash"), (hang, "hang"), (grow, "memory"), (stumble, "crash")):
        found = outcomes(Plan(5, read, limit_s=3.0 if read is hang else 60.0), numbers)
        assert found[outcome] >= 1
        assert found.total() == len(numbers)


def test_a_number_gives_the_same_file_again() -> None:
    assert len(seeds()) > 200
    assert mutant(7, 1) == mutant(7, 1) != mutant(8, 1)
