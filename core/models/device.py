"""Where networks run, in which precision, and whether they are compiled."""

import os
import shutil
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any, ParamSpec, TypeVar

import torch
from torch import nn

from core.contracts.training import Precision

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def choose_device() -> torch.device:
    """The CUDA device where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def placed(model: nn.Module, device: torch.device) -> nn.Module:
    """The model on the device in channels-last order, which bfloat16 convolutions are several times faster in."""
    return model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def mixed_precision(device: torch.device, precision: Precision) -> Any:  # noqa: ANN401 - torch types its context loosely
    """Context in which convolutions run in the given precision; weights and loss stay float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16")


def compiled(function: Callable[Arguments, Result], device: torch.device) -> Callable[Arguments, Result]:
    """The function or network compiled; as it is where nothing can be compiled."""
    return torch.compile(function) if can_compile(device) else function


def can_compile(device: torch.device) -> bool:
    """Whether it is a GPU, and there are Triton and the C compiler that Triton starts."""
    return device.type == "cuda" and _has_compilers()


@cache
def _has_compilers() -> bool:
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang") or shutil.which("cc")
    return find_spec("triton") is not None and compiler is not None
