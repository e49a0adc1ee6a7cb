"""`brodmann phantom`: build a synthetic brain on real anatomy."""

from pathlib import Path

import click

from brodmann.demo import build_phantom


@click.group()
def command() -> None:
    """Synthetic tissue on real anatomy: brains whose truth is known."""


@command.command(epilog="Example: brodmann phantom build data/brains/B20 --preset demo")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--preset", default="demo", show_default=True, help="tiny (seconds), demo (minutes) or bench (real section size)."
)
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 256), help="Processes that render sections.")
def build(folder: Path, preset: str, workers: int) -> None:
    """Build the brain dataset FOLDER; an existing folder is never overwritten."""
    from core.phantom.presets import PRESETS

    if preset not in PRESETS:
        raise click.UsageError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    if folder.exists():
        raise click.UsageError(f"{folder} exists; remove it or give another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    build_phantom(folder.resolve(), preset, workers)
    size_mb = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    click.echo(f"{folder}: {size_mb:.0f} MB")
    if folder.name != PRESETS[preset].brain_id:
        click.echo(f"To serve this brain, call its folder {PRESETS[preset].brain_id}.")
