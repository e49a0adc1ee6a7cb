"""`brodmann`: set up, serve, build demo data, train and check, from a terminal."""

import importlib
import logging
from typing import Any

import click

# Name on the command line -> module below brodmann.commands with a click command `command`.
COMMANDS = {
    "up": "up",
    "align": "align",
    "atlas": "atlas",
    "classify": "classify",
    "cluster": "cluster",
    "doctor": "doctor",
    "evaluate": "evaluate",
    "features": "features",
    "graph": "graph",
    "ingest": "ingest",
    "inspect": "inspect",
    "midsurface": "midsurface",
    "models": "models",
    "phantom": "phantom",
    "predict": "predict",
    "store": "store",
    "tissue": "tissue",
    "train": "train",
    "user": "user",
}
OUR_PACKAGES = ("backend", "brodmann", "compute_service", "core")


class LazyGroup(click.Group):
    """Imports a subcommand only when it is named, so that `brodmann --help` loads no science."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, or None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"brodmann.commands.{COMMANDS[cmd_name]}").command
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command; an error of ours is told in its words, any other is a bug and keeps its traceback."""
        try:
            return super().invoke(ctx)
        except Exception as error:  # the process boundary
            if type(error).__module__.partition(".")[0] in OUR_PACKAGES:
                raise click.ClickException(str(error)) from error
            raise


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="brodmann")
def main() -> None:
    """Map cytoarchitectonic areas: annotate two sections, train, review the sections in between.

    Example: brodmann up --demo
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
