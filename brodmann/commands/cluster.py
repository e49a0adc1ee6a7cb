"""`brodmann cluster`: the compute service on a cluster, and the way there."""

import json
import os
import sys
from contextlib import closing
from pathlib import Path

import click

from brodmann.commands.up import port_option, webui_option
from brodmann.layout import DATA_VARIABLE, DataFolder, data_folder, data_option


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


@command.command(epilog="Example: brodmann cluster demo --tiny")
@click.option(
    "--data",
    envvar=DATA_VARIABLE,
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data/cluster-demo"),
    show_default=True,
    callback=data_folder,
    help="The data folder of the demonstration.",
)
@port_option
@webui_option
@click.option("--tiny", is_flag=True, help="The tiny demo brain, made in seconds.")
def demo(data: DataFolder, port: int, webui: Path, tiny: bool) -> None:
    """Start a cluster on this machine and the product before it; Ctrl-C ends everything.

    sshd, a Slurm of two nodes and the compute service are "the cluster"; backend and page reach it through SSH alone, as
    they would reach an institute's. All of it listens on loopback only.
    """
    from brodmann.cluster_demo import demo_cluster
    from brodmann.installation import Page, serve

    page = Page(data=data, host="127.0.0.1", port=port, webui=webui, demo_preset="tiny" if tiny else "demo")
    serve(page, demo_cluster(data))
