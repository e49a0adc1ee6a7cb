"""`brodmann cluster`: the compute service on a cluster, and the way there."""

import json
import os
import sys
from contextlib import closing

import click

from brodmann.layout import DataFolder, data_option


@click.group()
def command() -> None:
    """The compute service on a cluster, and the way there."""


@command.command(epilog="Example: brodmann cluster check")
@data_option
@click.option("--job", is_flag=True, help="Run a short job as well, which tells whether nodes see their GPUs and each other.")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1), help="Processes (MPI ranks) of that job.")
@click.option("--nodes", default=1, show_default=True, type=click.IntRange(1), help="Nodes over which they are spread.")
@click.option("--gpus", default=0, show_default=True, type=click.IntRange(0), help="GPUs of each of its processes.")
@click.option("--wait", default=600.0, show_default=True, type=click.FloatRange(1), help="Seconds to wait for its end.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def check(  # noqa: PLR0913, PLR0917 - its options
    data: DataFolder, job: bool, processes: int, nodes: int, gpus: int, wait: float, as_json: bool
) -> None:
    """Walk from the backend to where jobs run, hop by hop; says at which there is no way on, and what to do.

    Takes the backend's settings from the environment, and those that are not set from --data. The exit code is 1 when
    a hop does not hold.
    """
    if processes % nodes:
        raise click.BadParameter(f"{processes} processes cannot be spread evenly over {nodes} nodes", param_hint="--nodes")
    from backend.settings import from_environment
    from backend.wiring import compute_client
    from brodmann.cluster_check import walk
    from brodmann.cluster_job import Wish

    settings = from_environment(data.environment() | dict(os.environ))
    hops = []
    wish = Wish(processes=processes, nodes=nodes, gpus=gpus, wait_s=wait) if job else None
    with closing(compute_client(settings)) as compute:
        for hop in walk(settings, compute, wish):
            hops.append(hop)
            if not as_json:
                click.echo(f"{'ok    ' if hop.holds else 'FAILED'}  {hop.hop.replace('_', ' '):<10} {hop.found}")
                if hop.remedy:
                    click.echo(f"        {'':<10} {hop.remedy}")
    if as_json:
        click.echo(json.dumps([hop.model_dump() for hop in hops], indent=2))
    sys.exit(0 if all(hop.holds for hop in hops) else 1)
