"""Gradients of a loss over more patches than a device can hold at a time (L. Gao et al., Scaling deep contrastive learning
batch size under memory limited setup, 2021).

A first pass, of which nothing is kept but its results, tells the loss and its gradient at each of them; a second pass, chunk by
chunk, carries that on to the weights. The chunks of both are the same, so that batch normalisation, whose statistics are then
those of a chunk, gives the same results. One forward pass more is the price.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from core.models.checkpointing import statistics_stay

Rows = Callable[[], Tensor]


def backward(network: nn.Module, chunks: Sequence[Rows], loss_of: Callable[[Tensor], Tensor]) -> Tensor:
    """Add the gradients of `loss_of(all rows)` to the network's weights; the loss, without its graph.

    Each of `chunks` computes the rows of its patches, (n_i, ...), through `network`; called twice, it must do the same again.
    With one chunk there is nothing to do twice. The running statistics of batch normalisation count each chunk once.
    """
    if len(chunks) == 1:
        loss = loss_of(chunks[0]())
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()
    with torch.no_grad():
        parts = [chunk() for chunk in chunks]
    rows = torch.cat(parts).requires_grad_()
    loss = loss_of(rows)
    loss.backward()  # type: ignore[no-untyped-call]
    assert rows.grad is not None
    with statistics_stay(network):
        for chunk, slope in zip(chunks, torch.split(rows.grad, [len(part) for part in parts]), strict=True):
            chunk().backward(slope)  # type: ignore[no-untyped-call]
    return loss.detach()


def chunk_count(batch: int, processes: int, pass_size: int | None) -> int:
    """Into how many chunks each process divides its share of a batch: the same for all, who meet in every chunk.

    None of them is larger than `pass_size` (None: as large as it comes) but where shares differ and chunks are of one patch.
    """
    if pass_size is None:
        return 1
    largest, smallest = -(-batch // processes), batch // processes
    return max(1, min(smallest, -(-largest // pass_size)))
