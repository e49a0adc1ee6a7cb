"""`brodmann user`: local accounts."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from brodmann.layout import DataFolder, data_option

if TYPE_CHECKING:
    from backend.wiring import Services

password_option = click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="Asked for when not given.",
    envvar="BRODMANN_PASSWORD",
)


@click.group()
def command() -> None:
    """Add local accounts and set their passwords."""


@contextmanager
def _services(data: DataFolder) -> Iterator["Services"]:
    from backend import settings, wiring

    data.create()
    os.environ.update(data.environment())
    services = wiring.build(settings.from_environment())
    try:
        yield services
    finally:
        services.close()


@command.command(epilog="Example: brodmann user add anna --display-name 'Anna K.'")
@click.argument("name")
@click.option("--display-name", default="", help="The name others see; NAME when not given.")
@password_option
@data_option
def add(name: str, display_name: str, password: str, data: DataFolder) -> None:
    """Create the account NAME."""
    with _services(data) as services:
        if services.accounts.exists(name):
            raise click.ClickException(f"the account {name} exists; `brodmann user password {name}` sets its password")
        services.accounts.add(name, display_name or name, password)
    click.echo(f"account {name} created")


@command.command(epilog="Example: brodmann user password anna")
@click.argument("name")
@password_option
@data_option
def password(name: str, password: str, data: DataFolder) -> None:
    """Set a new password for NAME; open sessions end."""
    with _services(data) as services:
        if not services.accounts.exists(name):
            raise click.ClickException(f"there is no account {name}; `brodmann user add {name}` creates it")
        services.accounts.set_password(name, password)
        services.sessions.end_all(name)
    click.echo(f"password of {name} changed")
