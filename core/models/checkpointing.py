"""Features that are computed again in the backward pass instead of being kept (thesis 2.2.6)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def recomputed(module: nn.Module, features: Tensor) -> Tensor:
    """The module's result, its inner features not kept; batch normalisation's running statistics are updated once."""

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), statistics_stay(module)

    result: Tensor = checkpoint(module, features, use_reentrant=False, context_fn=contexts)
    return result


@contextmanager
def statistics_stay(module: nn.Module) -> Iterator[None]:
    """Where a batch is computed again that was counted already: the module counts on copies, and its own statistics stay."""
    layers = [layer for layer in module.modules() if isinstance(layer, _BatchNorm) and layer.track_running_stats]
    kept = [dict(layer.named_buffers(recurse=False)) for layer in layers]
    for layer, buffers in zip(layers, kept, strict=True):
        for name, buffer in buffers.items():
            setattr(layer, name, buffer.clone())
    try:
        yield
    finally:
        for layer, buffers in zip(layers, kept, strict=True):
            for name, buffer in buffers.items():
                setattr(layer, name, buffer)
