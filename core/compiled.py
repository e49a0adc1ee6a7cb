"""Numba's compiler with a typed face: compiled at first use, kept on disk from then on."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba as nb

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def compiled(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Compile a function of numbers, arrays and named tuples to machine code; it lets other threads work meanwhile."""
    fast: Callable[Arguments, Result] = nb.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")(function)
    return fast
