"""`brodmann atlas`: canonical coordinates and probabilistic maps of a reference space on the sections of a brain."""

from pathlib import Path

import click

from brodmann.commands.train import folder_argument

SUFFIXES = (".nii", ".nii.gz")


@click.command(epilog="Example: brodmann atlas data/brains/B20 --reference colin27.nii.gz --maps julich/")
@folder_argument
@click.option(
    "--reference",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A NIfTI volume of the reference space; coordinates run from -1 to 1 over its box.",
)
@click.option(
    "--maps",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of probabilistic maps, one NIfTI volume per area, named like the area.",
)
@click.option("--sections", multiple=True, type=int, metavar="NUMBER", help="Only this section; may be given again.")
@click.option("--pixel-size-um", default=128.0, show_default=True, type=click.FloatRange(1, 10_000), help="Of the result.")
def command(brain: Path, reference: Path, maps: Path | None, sections: tuple[int, ...], pixel_size_um: float) -> None:
    """Project a reference space onto the dataset BRAIN, whose atlas/mapping.json says how the sections lie in it."""
    from core.anatomy.atlas import covering, load_space, load_volume, project
    from core.datasets import BrainFolder
    from core.datasets.atlas import write_projection

    folder = BrainFolder(brain)
    space, box = load_space(folder), load_volume(reference)
    volumes = {name: load_volume(path) for name, path in _maps_in(maps).items()}
    for number in sections or tuple(space.sections):
        grid = covering(folder.brain, number, pixel_size_um)
        path = write_projection(folder, number, project(space, number, grid, volumes, box))
        click.echo(f"section {number}: {path.relative_to(brain)}")


def _maps_in(folder: Path | None) -> dict[str, Path]:
    """Area to file; a folder without any map is an error."""
    if folder is None:
        return {}
    volumes = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIXES))
    found = {path.name.removesuffix(".gz").removesuffix(".nii"): path for path in volumes}
    if not found:
        raise click.UsageError(f"{folder} holds no NIfTI volumes ({', '.join(SUFFIXES)})")
    return found
