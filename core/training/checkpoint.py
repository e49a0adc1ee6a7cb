"""Checkpoints: one safetensors file with weights, momentum and, as JSON in its header, the step and the settings."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn
from torch.optim import SGD, Optimizer

from core.contracts.base import Contract
from core.datasets.files import write_atomically
from core.optimisers.lars import Lars

FILE_NAME = "checkpoint.safetensors"
MOMENTUM: dict[type[Optimizer], str] = {SGD: "momentum_buffer", Lars: "velocity"}
"""What optimisers call the momentum of a parameter."""


class CheckpointError(Exception):
    """A checkpoint that does not belong to this training, or cannot be read."""


def save_checkpoint(folder: Path, model: nn.Module, optimiser: Optimizer, step: int, settings: Contract) -> None:
    """Write the state after `step` steps; a crash leaves the checkpoint before it."""
    tensors = {f"model/{name}": value for name, value in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        momentum = optimiser.state[parameter].get(MOMENTUM[type(optimiser)])
        if momentum is not None:
            tensors[f"momentum/{name}"] = momentum
    metadata = {"step": json.dumps(step), "settings": settings.model_dump_json()}
    write_tensors(folder / FILE_NAME, tensors, metadata)


def load_checkpoint(folder: Path, model: nn.Module, optimiser: Optimizer, settings: Contract) -> int:
    """Restore the state of the folder's checkpoint and return its step; 0 when there is none.

    CheckpointError when it was written with other settings or for another network, or is damaged.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - safe_open is no mapping
    except SafetensorError as error:
        raise CheckpointError(f"{path} cannot be read ({error}); remove it to train from the start") from error
    if type(settings).model_validate_json(metadata["settings"]) != settings:
        raise CheckpointError(f"{path} was written with other settings; remove it to train from the start")
    weights = {name.removeprefix("model/"): value for name, value in tensors.items() if name.startswith("model/")}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{path} is of another network or other areas; remove it to train from the start") from error
    for name, parameter in model.named_parameters():
        momentum = tensors.get(f"momentum/{name}")
        if momentum is not None:
            optimiser.state[parameter][MOMENTUM[type(optimiser)]] = momentum.to(parameter)
    return int(json.loads(metadata["step"]))


def write_tensors(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file under a temporary name, then rename it."""
    held = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    write_atomically(path, save(held, metadata=metadata))
