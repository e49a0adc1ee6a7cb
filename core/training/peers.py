"""Several processes that learn one model together, each from its share of every batch, as one process would from all of it.

They find one another as torchrun arranges it: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT and LOCAL_RANK in the environment.
Sums over the processes make loss, gradients and batch statistics those of the joint batch, so that more processes learn
faster and not differently.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

TIMEOUT = timedelta(minutes=10)
Item = TypeVar("Item")


class PeersError(Exception):
    """The processes of a training cannot work together."""


class PeerLostError(PeersError):
    """Another process of the same training ended before its time."""


@dataclass(frozen=True, slots=True)
class Peers:
    """This process among `count`; alone unless told otherwise. The first one reports and writes files."""

    rank: int = 0
    count: int = 1

    @property
    def speaks(self) -> bool:
        """Whether this process reports and writes."""
        return self.rank == 0

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """This process's part of what all do together; PeersError when there is less than one item for each."""
        if len(items) < self.count:
            raise PeersError(f"a batch of {len(items)} patches cannot be shared by {self.count} processes; start fewer")
        return items[self.rank :: self.count]

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes, elementwise; PeerLostError."""
        return values if self.count == 1 else _summed(values)

    def joint(self, values: Tensor) -> Tensor:
        """The sum over all processes as a part of what every process's loss depends on: gradients go through it."""
        if self.count == 1:
            return values
        summed: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
        return summed

    def total_gradients(self, model: nn.Module, loss: Tensor) -> float:
        """Make every gradient its sum over the processes, and return the sum of their losses."""
        if self.count == 1:
            return float(loss.item())
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        together = _summed(torch.cat([loss.detach().view(1), *(gradient.flatten() for gradient in gradients)]))
        parts = torch.split(together[1:], [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
        return float(together[0].item())

    def join_statistics(self, model: nn.Module) -> None:
        """Let the model's batch normalisation take its statistics over the joint batch."""
        if self.count == 1:
            return
        if next(model.parameters()).is_cuda:
            nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
            return
        for module in list(model.modules()):
            for name, child in module.named_children():
                if type(child) in _JOINT:
                    setattr(module, name, _joint(child))


@contextmanager
def joined() -> Iterator[Peers]:
    """The processes named by the environment, connected; a process alone where it names none. PeersError."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Peers()
        return
    gpu = torch.cuda.is_available()
    try:
        rank = int(os.environ["RANK"])
        if gpu:
            # Where the scheduler shows each process its own GPU alone, that one has the number 0 for all.
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", rank)) % torch.cuda.device_count())
        dist.init_process_group("nccl" if gpu else "gloo", timeout=TIMEOUT)
    except (KeyError, ValueError, RuntimeError) as error:
        raise PeersError(
            f"the {count} processes of this training did not find one another ({error}); start them with torchrun or as a "
            "job, or set RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT"
        ) from error
    try:
        yield Peers(rank, count)
        _together(dist.barrier)  # One that takes its leave while another still receives makes that one crash.
    finally:
        dist.destroy_process_group()


def _summed(values: Tensor) -> Tensor:
    result = values.detach().clone().contiguous()
    _together(lambda: dist.all_reduce(result))
    return result


def _together(step: Callable[[], object]) -> None:
    try:
        step()
    except RuntimeError as error:
        raise PeerLostError(
            "another process of this training ended before its time; its own log says why. Start the job again: it goes on "
            f"from its last checkpoint ({error})"
        ) from error


class _Sum(torch.autograd.Function):
    """The sum over all processes, which every process's loss depends on."""

    @staticmethod
    def forward(_context: Any, values: Tensor) -> Tensor:  # noqa: ANN401 - torch's own context
        return _summed(values)

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:  # noqa: ANN401
        return _summed(gradient)


class _JointBatchNorm(_BatchNorm):
    """Batch normalisation over the joint batch on processors; torch's own is for GPUs only."""

    def forward(self, features: Tensor) -> Tensor:
        """(n, c, ...) normalised over all but c; the running statistics in evaluation."""
        if not self.training:
            return super().forward(features)
        others = [axis for axis in range(features.ndim) if axis != 1]
        along = (1, -1, *[1] * (features.ndim - 2))
        values = features.to(torch.promote_types(features.dtype, torch.float32))
        own = values.new_full((1,), values.numel() // self.num_features)
        totals: Tensor = _Sum.apply(torch.cat([values.sum(dim=others), own]))  # type: ignore[no-untyped-call]
        count = totals[-1].detach()
        centred = values - (totals[:-1] / count).view(along)
        variance: Tensor = _Sum.apply((centred * centred).sum(dim=others)) / count  # type: ignore[no-untyped-call]
        self._remember(totals[:-1].detach() / count, variance.detach() * count / (count - 1))
        scale = (self.weight * torch.rsqrt(variance + self.eps)).view(along)
        return (centred * scale + self.bias.view(along)).to(features.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        part = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, part)
        self.running_var.lerp_(variance, part)


class _JointBatchNorm1d(_JointBatchNorm, nn.BatchNorm1d):
    """Of feature vectors."""


class _JointBatchNorm2d(_JointBatchNorm, nn.BatchNorm2d):
    """Of images."""


_JOINT: dict[type[nn.Module], type[_JointBatchNorm]] = {nn.BatchNorm1d: _JointBatchNorm1d, nn.BatchNorm2d: _JointBatchNorm2d}


def _joint(layer: nn.Module) -> _JointBatchNorm:
    """The same layer over the joint batch, weights and statistics shared."""
    assert isinstance(layer, _BatchNorm)
    joint = _JOINT[type(layer)](layer.num_features, layer.eps, layer.momentum, dtype=layer.weight.dtype)
    joint.load_state_dict(layer.state_dict())
    joint.weight, joint.bias = layer.weight, layer.bias
    return joint.train(layer.training)
