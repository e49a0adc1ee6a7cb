"""`brodmann`: set up, serve, build demo data, train and check, from a terminal."""

import importlib
import logging

import click

# Name on the command line -> module below brodmann.commands with a click command `command`.
COMMANDS = {
    "up": "up",
    "doctor": "doctor",
    "evaluate": "evaluate",
    "models": "models",
    "phantom": "phantom",
    "predict": "predict",
    "train": "train",
    "user": "user",
}


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


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="brodmann")
def main() -> None:
    """Map cytoarchitectonic areas: annotate two sections, train, review the sections in between.

    Example: brodmann up --demo
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
