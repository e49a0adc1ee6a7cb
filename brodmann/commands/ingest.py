"""`brodmann ingest`: images of a scanner become a brain."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brodmann.progress import TerminalProgress

if TYPE_CHECKING:
    from core.datasets.ingest import Ingested, Plan


@click.command(epilog="Example: brodmann ingest /mnt/scanner/B20 --brain B20 --out data/brains --pattern 'B20_{number}_*'")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--brain", "brain_id", required=True, help="Name of the brain, e.g. B20.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of brains.")
@click.option(
    "--pattern",
    default="*{number}*",
    show_default=True,
    help="How a file name without its suffix gives the section number: {number} stands for digits, * for anything.",
)
@click.option("--pixel-size-um", type=click.FloatRange(0, min_open=True), help="Instead of what the images say.")
@click.option("--thickness-um", type=click.FloatRange(0, min_open=True), help="Of a section; 20 for a new brain.")
@click.option("--title", default="", help="Shown on screen.")
@click.option("--area", "areas", multiple=True, help="An area that will be annotated, e.g. hOc1; again for each further one.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 256), help="Sections written at a time.")
@click.option("--yes", is_flag=True, help="Do not ask whether the numbers are right.")
@click.option("--dry-run", is_flag=True, help="Show which file becomes which section, and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - its options
    ctx: click.Context,
    sources: tuple[Path, ...],
    brain_id: str,
    out: Path,
    pattern: str,
    pixel_size_um: float | None,
    thickness_um: float | None,
    title: str,
    areas: tuple[str, ...],
    workers: int,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make a brain of the images SOURCE (TIFF, OME-TIFF, SVS, PNG, JPEG, or folders of them) in OUT/BRAIN.

    Killed and started again, it goes on where it was. Images that cannot be used are listed at the end (exit code 1).
    """
    from core.datasets.ingest import IngestOptions, ingest, make_plan

    options = IngestOptions(
        brain_id=brain_id,
        pattern=pattern,
        pixel_size_um=pixel_size_um,
        section_thickness_um=thickness_um,
        title=title,
        areas=areas,
    )
    plan = make_plan(list(sources), out.resolve(), options)
    if not (as_json and dry_run):
        click.echo(_plan_text(plan, pattern), err=as_json)
    if dry_run:
        if as_json:
            click.echo(json.dumps(_plan_json(plan), indent=2))
        return
    if not yes:
        click.confirm("Ingest these sections?", default=True, abort=True, err=as_json)
    progress = TerminalProgress()
    try:
        result = ingest(plan, workers, progress)
    finally:
        progress.close()
    click.echo(json.dumps(_result_json(result), indent=2) if as_json else _result_text(result))
    ctx.exit(1 if result.failures else 0)


def _plan_text(plan: "Plan", pattern: str) -> str:
    brain = plan.brain
    lines = [f"section  file (numbers by the pattern {pattern})"]
    lines += [f"{each.number:>7}  {each.source}  {each.width_px} x {each.height_px} px" for each in plan.sections]
    lines += [f"      -  {failure.reason}" for failure in plan.failures]
    lines.append(
        f"{brain.id}: pixels of {brain.pixel_size_um:g} µm, sections of {brain.section_thickness_um:g} µm, in {plan.folder}"
    )
    return "\n".join(lines)


def _plan_json(plan: "Plan") -> dict[str, object]:
    return {
        "folder": str(plan.folder),
        "pixel_size_um": plan.brain.pixel_size_um,
        "section_thickness_um": plan.brain.section_thickness_um,
        "sections": [{"number": each.number, "file": str(each.source)} for each in plan.sections],
        "failures": [{"file": str(each.file), "reason": each.reason} for each in plan.failures],
    }


def _result_text(result: "Ingested") -> str:
    lines = [f"{result.folder}: {len(result.written)} sections written, {len(result.kept)} kept from before"]
    if result.failures:
        lines += [f"{len(result.failures)} not ingested:", *(f"  {failure.reason}" for failure in result.failures)]
    return "\n".join(lines)


def _result_json(result: "Ingested") -> dict[str, object]:
    return {
        "folder": str(result.folder),
        "written": result.written,
        "kept": result.kept,
        "failures": [{"file": str(each.file), "reason": each.reason} for each in result.failures],
    }
