"""`brodmann inspect`: what a model finds with one of its inputs hidden, and what a layer responds to."""

from pathlib import Path

import click

from brodmann.commands.train import folder_argument


@click.command(
    epilog="Example: brodmann inspect data/brains/B20 --model runs/hOc1 --section 961 --at 9000 12000 "
    "--layer decoder.stages.3 --out runs/inside"
)
@folder_argument
@click.option(
    "--model", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of `brodmann train`."
)
@click.option("--section", required=True, type=int, help="The section to look at.")
@click.option("--at", required=True, type=float, nargs=2, metavar="X Y", help="The middle of what is shown, µm on the section.")
@click.option("--layer", help="Draw this layer's feature maps too; a wrong name lists those there are.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the pictures (PNG).")
def command(brain: Path, model: Path, section: int, at: tuple[float, float], layer: str | None, out: Path) -> None:
    """Draw what a trained model finds on a section of BRAIN: as trained, and with one of its inputs hidden."""
    from core.tasks.inspect_model import inspect_model

    for file in inspect_model(brain, model / "results", section, at, out, layer):
        click.echo(f"wrote {file}")
