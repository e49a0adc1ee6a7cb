"""`brodmann up`: start every service of one installation and keep them running."""

import os
from pathlib import Path

import click

from brodmann.installation import Page, chosen_compute, serve
from brodmann.layout import DataFolder, data_option

port_option = click.option(
    "--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="Port of the page; 0 takes a free one."
)
webui_option = click.option(
    "--webui",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("webui/dist"),
    show_default=True,
    help="The built web interface.",
)


@click.command(epilog="Example: brodmann up --demo --port 8765")
@data_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; loopback unless a proxy needs another."
)
@port_option
@click.option("--demo", is_flag=True, help="Build the demo brain and its project when they are not there yet.")
@click.option("--demo-preset", default="demo", show_default=True, help="Which phantom the demo is built from.")
@webui_option
def command(data: DataFolder, host: str, port: int, demo: bool, demo_preset: str, webui: Path) -> None:
    """Start the page, the API, the monitor and the compute service; Ctrl-C stops them all.

    Where BRODMANN_COMPUTE_URL names a compute service, that one is used and none is started here.
    """
    page = Page(data=data, host=host, port=port, webui=webui, demo_preset=demo_preset if demo else None)
    serve(page, chosen_compute(data, os.environ))
