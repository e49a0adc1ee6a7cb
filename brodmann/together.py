"""A command as one of several processes that mpiexec or srun started: it learns with the others, or reads for one of them."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from compute_service.runner.ranks import Ranks

readers_option = click.option(
    "--readers",
    default=0,
    show_default=True,
    type=click.IntRange(0, 256),
    help="Processes that read patches for each that learns; of the ranks that mpiexec or srun started, where it did.",
)


@contextmanager
def together(readers: int) -> "Iterator[Ranks]":
    """Who this process is among those that a launcher started; alone without one.

    Of several processes one that fails ends all, for they would wait for it. Those that stop do so together.
    """
    from compute_service.runner.ranks import find_ranks, launched
    from core.contracts.jobs import Resources
    from core.tasks.context import JobInterruptedError

    count, each = launched(), 1 + readers
    if count > 1 and count % each:
        raise click.UsageError(f"{count} ranks were started: with --readers {readers} start a multiple of {each}")
    ranks = find_ranks(Resources(processes=max(1, count // each), readers=readers))
    try:
        yield ranks
        ranks.meet()
    except JobInterruptedError:
        ranks.meet()
        if not ranks.speaks:
            sys.exit(0)  # The first one tells; a launcher that sees another fail ends it before it can.
        raise
    except Exception as error:  # The boundary of one process of several.
        if ranks.size == 1:
            raise
        if isinstance(error, click.ClickException):
            error.show()
        else:
            traceback.print_exc()
        sys.stderr.write(f"{ranks.name} failed; all are ended\n")
        ranks.end_all(1)
