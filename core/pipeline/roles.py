"""Which ranks control and which work for them."""

from collections.abc import Sequence

from core.pipeline.stage import StageError


def assigned(nodes: Sequence[int], workers: int) -> list[int]:
    """For every rank the rank of its controller, itself where it is one; `nodes` says for every rank where it is.

    The first ranks of a node are controllers, so many that each gets `workers` of the others there: results need not leave
    the node. StageError where they cannot be shared out so.
    """
    found = [-1] * len(nodes)
    for place in dict.fromkeys(nodes):
        here = [rank for rank, node in enumerate(nodes) if node == place]
        count, left = divmod(len(here), 1 + workers)
        if left:
            raise StageError(
                f"a node has {len(here)} ranks, which cannot be shared out to controllers with {workers} workers each. Start "
                f"a multiple of {1 + workers} on every node"
            )
        for number, rank in enumerate(here):
            found[rank] = rank if number < count else here[(number - count) % count]
    return found
