"""Losses over a batch that several processes hold parts of: each contrasts its own rows with those of all.

Every process computes the loss of the whole batch, with the rows of the others as constants; its gradient at its own rows is
then that of one process with the whole batch. `Peers.total_gradients` sums what the processes find, so the sum is exact and
nothing need be multiplied (DistributedDataParallel would take the mean, and want the gradient times the number of processes).
Other ways to gather are off by a factor or in direction; the tests hold four processes to one.
"""

from torch import Tensor
from torch.nn import functional

from core.contracts.features import EncoderSettings
from core.losses.contrastive import self_supervised, supervised_contrastive
from core.losses.distance_location import distance_and_location
from core.training.peers import Peers


def gathered(own: Tensor, total: int, peers: Peers) -> Tensor:
    """The rows of all processes, (total, ...), in the batch's order as `Peers.share` deals it out; PeerLostError.

    `own` (n, ...) are this process's rows, the only ones the result has a gradient to.
    """
    if peers.count == 1:
        return own
    everyone = own.new_zeros((total, *own.shape[1:]))
    everyone[peers.rank :: peers.count] = own.detach()
    everyone = peers.total(everyone)
    everyone[peers.rank :: peers.count] = own
    return everyone


def own_part(settings: EncoderSettings, rows: Tensor, classes: Tensor, total: int, peers: Peers) -> Tensor:
    """What this process adds to the loss of the joint batch of `total` patches, a scalar in float32.

    Its value summed over the processes is the loss, and so is its gradient at all processes' `rows` together. `rows`
    (n, views, d): of each of the process's own patches the logits (cross-entropy) or the projections; `classes` (n,), or
    their places (n, 3) for distance and location.
    """
    if settings.loss == "cross_entropy":
        return functional.cross_entropy(rows[:, 0].float(), classes, reduction="sum") / total
    everyone = gathered(rows.float(), total, peers)
    if settings.loss == "self_supervised":
        whole = self_supervised(everyone.transpose(0, 1).flatten(0, 1), settings.temperature)
    elif settings.loss == "distance_and_location":
        whole = distance_and_location(everyone[:, 0], gathered(classes, total, peers))
    else:
        whole = supervised_contrastive(everyone[:, 0], gathered(classes, total, peers), settings.temperature)
    return whole - (1 - 1 / peers.count) * whole.detach()


def views_of(settings: EncoderSettings) -> int:
    """How many differently changed versions of a patch the loss compares."""
    return 2 if settings.loss == "self_supervised" else 1
