"""Which ranks control and which work for them."""

from collections.abc import Sequence

from core.pipeline.stage import StageError


def assigned(nodes: Sequence[int], controllers_per_node: int) -> list[int]:
    """For every rank the rank of its controller, itself where it is one; `nodes` says for every rank where it is.

    The controllers of a node share its other ranks evenly, so that results need not leave the node. StageError.
    """
    found = [-1] * len(nodes)
    for place in dict.fromkeys(nodes):
        here = [rank for rank, node in enumerate(nodes) if node == place]
        controllers, workers = here[:controllers_per_node], here[controllers_per_node:]
        if len(workers) < len(controllers):
            raise StageError(
                f"a node has {len(here)} ranks: too few for {controllers_per_node} controllers with a worker each. Start "
                f"{2 * controllers_per_node} or more on every node"
            )
        for rank in controllers:
            found[rank] = rank
        for number, rank in enumerate(workers):
            found[rank] = controllers[number % len(controllers)]
    return found
