"""`brodmann cluster`: the compute service on a cluster, and the way there."""

import json
import os
import sys

import click

from brodmann.layout import DataFolder, data_option


@click.group()
def command() -> None:
    """The compute service on a cluster, and the way there."""


@command.command(epilog="Example: brodmann cluster check")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def check(data: DataFolder, as_json: bool) -> None:
    """Walk from the backend to where jobs run, hop by hop; says at which there is no way on, and what to do.

    Takes the backend's settings from the environment, and those that are not set from --data. The exit code is 1 when
    a hop does not hold.
    """
    from backend.settings import from_environment
    from backend.wiring import compute_client
    from brodmann.cluster_check import walk

    settings = from_environment(data.environment() | dict(os.environ))
    hops = []
    for hop in walk(settings, compute_client(settings)):
        hops.append(hop)
        if not as_json:
            click.echo(f"{'ok    ' if hop.holds else 'FAILED'}  {hop.hop.replace('_', ' '):<10} {hop.found}")
            if hop.remedy:
                click.echo(f"        {'':<10} {hop.remedy}")
    if as_json:
        click.echo(json.dumps([hop.model_dump() for hop in hops], indent=2))
    sys.exit(0 if all(hop.holds for hop in hops) else 1)
