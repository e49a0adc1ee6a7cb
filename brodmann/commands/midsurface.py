"""`brodmann midsurface`: the surface halfway through a brain's cortex, as the mesh that graph networks work on."""

from pathlib import Path

import click

from brodmann.commands.train import folder_argument


@click.command(epilog="Example: brodmann midsurface data/brains/B20 --out runs/midsurface")
@folder_argument
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the mesh and its report.")
@click.option("--voxel-um", default=300.0, show_default=True, type=float, help="Side of a voxel of the reconstruction.")
@click.option("--edge-um", default=300.0, show_default=True, type=float, help="Length of the mesh's edges.")
@click.option("--without", multiple=True, help="An area that is not cortex, outlined in the dataset; can be given again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def command(brain: Path, out: Path, voxel_um: float, edge_um: float, without: tuple[str, ...], as_json: bool) -> None:
    """Compute the midsurface of the dataset BRAIN from its tissue classes and alignment into OUT/results."""
    from brodmann.local_run import context
    from core.anatomy.midsurface import read_midsurface
    from core.contracts.graphs import MidsurfaceParameters
    from core.datasets import BrainFolder
    from core.tasks.compute_midsurface import compute_midsurface
    from core.tasks.run_here import all_truth, definition

    if min(voxel_um, edge_um) <= 0:
        raise click.UsageError("--voxel-um and --edge-um are lengths above 0")
    dataset = BrainFolder(brain.resolve())
    parameters = MidsurfaceParameters(voxel_um=voxel_um, edge_um=edge_um, without=without)
    job = definition(dataset, parameters, all_truth(dataset, without).annotations if without else ())
    with context([dataset], out, out) as surroundings:
        compute_midsurface(job, surroundings)
    report = read_midsurface(out / "results").report
    if as_json:
        click.echo(report.model_dump_json(indent=2))
        return
    click.echo("part        nodes  triangles     mm²  Euler  rim edges  non-manifold")
    for part in report.parts:
        counts = f"{part.vertices:>7}  {part.triangles:>9}  {part.area_mm2:>6.0f}  {part.euler:>5}"
        click.echo(f"{part.name:<10}{counts}  {part.boundary_edges:>9}  {part.non_manifold_edges:>12}")
    click.echo(f"edges {report.mean_edge_um:.0f} µm long, varying by {report.edge_variation:.2f} of that")
    click.echo(f"{report.nodes_on_sections} of {report.nodes} nodes lie on a section, {report.usable_nodes} in tissue")
    for warning in report.warnings:
        click.echo(f"note: {warning}", err=True)
