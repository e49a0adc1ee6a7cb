"""The results of a grid as one page that needs nothing else: tables and plots like thesis table 5.1, figures 5.7 to 5.10."""

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median, pstdev
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from core.contracts.training import SectionPrediction
from core.datasets import BrainFolder
from core.imaging.sections import read_at
from core.tasks.evaluate import compare
from core.tasks.evaluate_grid import GridResults
from core.tasks.model_files import load_description, write_text
from core.tasks.page_parts import finish_f1, new_figure, page, picture, plot, table
from core.tasks.predict_sections import FOLDER as PREDICTIONS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE_FILE = "results.html"
INTERPOLATION = "shape interpolation"
SHORT = {"hr_unet": "HR", "lr_unet": "LR", "ms_unet": "MS"}
COLOURS = {
    "LSM (HR)": "#1b6ca8", "LSM (LR)": "#3f9b6c", "LSM (MS)": "#c2571a",
    "GSM (HR)": "#9cc3de", "GSM (LR)": "#a9d5bd", "GSM (MS)": "#eab596",
    INTERPOLATION: "#7d7d7d",
}  # fmt: skip
HIT, FALSE_POSITIVE, FALSE_NEGATIVE = (44, 160, 44), (214, 39, 40), (31, 119, 180)
EXAMPLE_PX = 700
Key = Callable[["Score"], tuple[str | int, ...]]


@dataclass(frozen=True, slots=True)
class Score:
    """What one method reached on one section."""

    brain: str
    area: str
    method: str
    spacing: int
    section: int
    f1: float
    border_um: float | None


def scores_of(results: GridResults) -> list[Score]:
    """Every score of every model, and once for each section those of shape interpolation."""
    found: dict[tuple[str, str, str, int, int], Score] = {}
    for entry in results.models:
        model = entry.model
        method = f"{model.paradigm.upper()} ({SHORT[model.architecture]})"
        for area in entry.areas:
            for each in area.sections:
                for name, f1, border_um in (
                    (method, each.f1_model, each.border_um_model),
                    (INTERPOLATION, each.f1_interpolation, each.border_um_interpolation),
                ):
                    score = Score(model.brain, area.area, name, model.spacing, each.section, f1, border_um)
                    found[score.brain, score.area, name, score.spacing, score.section] = score
    return sorted(found.values(), key=lambda score: (score.spacing, list(COLOURS).index(score.method), score.brain, score.area))


def write_page(results: GridResults, out: Path, brains: Sequence[BrainFolder]) -> Path:
    """Write `results.html` beside the results; the path. `brains` are needed to draw examples."""
    place = out / PAGE_FILE
    write_text(place, render(results, out, brains))
    return place


def render(results: GridResults, out: Path, brains: Sequence[BrainFolder]) -> str:
    """The page. Plots are inlined PNG; nothing is loaded from elsewhere."""
    scores = scores_of(results)
    parts = [_about(results)]
    if scores:
        widest = [score for score in scores if score.spacing == max(each.spacing for each in scores)]
        parts += [
            "<h2>All areas</h2>",
            _table(scores, lambda score: (score.method, score.spacing), ("method", "distance (sections)")),
            plot(
                _bars(widest, lambda score: (score.area,)),
                "Median F1 of each area, all brains together (as thesis figure 5.7).",
            ),
            plot(
                _bars(widest, lambda score: (score.brain,)),
                "Median F1 in each brain, all areas together (as thesis figure 5.8).",
            ),
        ]
        if len({score.spacing for score in scores}) > 1:
            words = "Median F1 against the distance between training sections (as thesis figure 5.9)."
            parts.append(plot(_by_spacing(scores), words))
        parts += ["<h2>Each area</h2>", _each_area(scores), "<h2>Examples</h2>", *_examples(results, out, brains)]
    body = "\n".join(parts)
    return page("Local models", body)


def text_table(results: GridResults) -> str:
    """The first table of the page, for a terminal."""
    lines = ["method                sections apart  sections  median F1   mean    std  border µm"]
    for (method, spacing), group in _grouped(scores_of(results), lambda score: (score.method, score.spacing)):
        count, middle, average, spread, border = _statistics(group)
        lines.append(f"{method:<22}{spacing:>14}{count:>10}{middle:>11.3f}{average:>7.3f}{spread:>7.3f}{border:>11}")
    return "\n".join([*lines, *(f"left out: {words}" for words in _left_out(results))])


def _grouped(scores: Iterable[Score], key: Key) -> list[tuple[tuple[str | int, ...], list[Score]]]:
    """Scores by key, in the order in which keys come first."""
    groups: dict[tuple[str | int, ...], list[Score]] = {}
    for score in scores:
        groups.setdefault(key(score), []).append(score)
    return list(groups.items())


def _statistics(scores: Sequence[Score]) -> tuple[int, float, float, float, str]:
    """Number of sections; median, mean and standard deviation of F1; median border distance in words."""
    f1, borders = [score.f1 for score in scores], [score.border_um for score in scores if score.border_um is not None]
    return len(f1), median(f1), mean(f1), pstdev(f1), f"{median(borders):.0f}" if borders else "–"


def _table(scores: Sequence[Score], key: Key, heads: Sequence[str]) -> str:
    columns = (*heads, "sections", "median F1", "mean", "standard deviation", "median border distance (µm)")
    rows = []
    for names, group in _grouped(scores, key):
        count, middle, average, spread, border = _statistics(group)
        rows.append((*map(str, names), str(count), f"{middle:.3f}", f"{average:.3f}", f"{spread:.3f}", border))
    return table(columns, rows)


def _each_area(scores: Sequence[Score]) -> str:
    ordered = sorted(scores, key=lambda score: (score.area, score.brain))  # stable: methods stay in order
    heads = ("area", "brain", "method", "distance (sections)")
    return _table(ordered, lambda score: (score.area, score.brain, score.method, score.spacing), heads)


def _left_out(results: GridResults) -> list[str]:
    failed = [
        f"{' '.join(e.model.areas)} in {e.model.brain}, {e.model.folder.name}: {e.failure}" for e in results.models if e.failure
    ]
    return [*results.left_out, *failed]


def _about(results: GridResults) -> str:
    plan = results.plan
    trained = ", ".join(
        f"{SHORT[each.architecture]} U-Net: {each.iterations} iterations of {each.batch_size} patches, "
        f"{'start weights ' + each.start_weights if each.start_weights else 'from random weights'}"
        for each in plan.settings
    )
    where = "the middle third between training sections" if plan.middle_third else "all sections between training sections"
    together = " One model knows all areas." if plan.together else ""
    words = f"Training sections from {plan.first} to {plan.last}; scored: {where}. {trained}.{together}"
    lines = ["<h1>Local models against shape interpolation</h1>", f"<p>{html.escape(words)}</p>"]
    lines.append(f"<p>Made {results.made_at:%Y-%m-%d %H:%M} UTC.</p>")
    lines += [f"<p>Left out: {html.escape(words)}</p>" for words in _left_out(results)]
    return "\n".join(lines)


def _bars(scores: Sequence[Score], key: Key) -> "Figure":
    """Median F1 of each group as bars, a colour a method, a dot a section."""
    groups = sorted(name for name, _ in _grouped(scores, key))
    methods = [name for name in COLOURS if any(score.method == name for score in scores)]
    figure = new_figure(max(6.0, 1.1 * len(groups) * len(methods) ** 0.5 + 3), 3.6)
    axes, width = figure.add_subplot(), 0.8 / len(methods)
    for index, method in enumerate(methods):
        by_group = {name: [s.f1 for s in group if s.method == method] for name, group in _grouped(scores, key)}
        places = [place + (index - (len(methods) - 1) / 2) * width for place in range(len(groups))]
        heights = [median(by_group[name]) if by_group[name] else 0.0 for name in groups]
        axes.bar(places, heights, width * 0.92, color=COLOURS[method], label=method)
        for place, name in zip(places, groups, strict=True):
            axes.plot([place] * len(by_group[name]), by_group[name], ".", color="#222", markersize=3, alpha=0.6)
    axes.set_xticks(range(len(groups)), [" ".join(map(str, name)) for name in groups])
    finish_f1(axes)
    return figure


def _by_spacing(scores: Sequence[Score]) -> "Figure":
    """Median F1 of each area against the distance between training sections, a panel an area."""
    areas = sorted({score.area for score in scores})
    figure = new_figure(max(6.0, 2.6 * len(areas) + 1.5), 3.2)
    panels = figure.subplots(1, len(areas), sharey=True, squeeze=False)[0]
    for axes, area in zip(panels, areas, strict=True):
        for method, colour in COLOURS.items():
            chosen = [score for score in scores if (score.area, score.method) == (area, method)]
            points = [(spacing, median(s.f1 for s in group)) for (spacing,), group in _grouped(chosen, lambda s: (s.spacing,))]
            if points:
                axes.plot(*zip(*points, strict=True), "o-", color=colour, label=method)
        axes.set_title(area)
        axes.set_xlabel("sections apart")
        axes.set_xticks(sorted({score.spacing for score in scores}))
        finish_f1(axes, legend=area == areas[-1])
    return figure


def _examples(results: GridResults, out: Path, brains: Sequence[BrainFolder]) -> list[str]:
    """For each area of each local model's brain the section with the median F1, as in figure 5.10."""
    folders = {folder.brain.id: folder for folder in brains}
    pictures: dict[tuple[str, str], str] = {}
    for entry in results.models:
        for area in entry.areas:
            key = (area.area, entry.model.brain)
            score = sorted(area.sections, key=lambda score: score.f1_model)[(len(area.sections) - 1) // 2]
            if key not in pictures:
                png = draw_hits(folders[entry.model.brain], out / entry.model.folder, area.area, score.section)
                words = f"{area.area}, {entry.model.brain}, section {score.section}, F1 {score.f1_model:.2f}"
                pictures[key] = picture(png, f"{words}: green right, red too much, blue missed (as thesis figure 5.10).")
    return [pictures[key] for key in sorted(pictures)]


def draw_hits(folder: BrainFolder, place: Path, area: str, section: int) -> bytes:
    """PNG of one predicted section around the area: right pixels green, false ones red, missed ones blue."""
    predictions = place / "predict" / "results" / PREDICTIONS
    document = SectionPrediction.model_validate_json((predictions / f"{section}_{area}.json").read_bytes())
    masks = compare(folder, load_description(place / "train" / "results"), document, predictions)
    with folder.pyramid(section) as pyramid:
        grid = document.grid
        image = read_at(pyramid, grid.pixel_size_um, *grid.origin_um, grid.width_px, grid.height_px)
    coloured = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    for mask, colour in (
        (masks.truth & masks.model, HIT),
        (masks.model & ~masks.truth, FALSE_POSITIVE),
        (masks.truth & ~masks.model, FALSE_NEGATIVE),
    ):
        coloured[mask] = (0.45 * coloured[mask] + 0.55 * np.array(colour)).astype(np.uint8)
    part = coloured[_around(masks.truth | masks.model)]
    scale = min(1.0, EXAMPLE_PX / max(part.shape[:2]))
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    data: bytes = cv2.imencode(".png", cv2.cvtColor(small, cv2.COLOR_RGB2BGR))[1].tobytes()
    return data


def _around(mask: NDArray[np.bool_], margin_px: int = 40) -> tuple[slice, slice]:
    """The bounding box of the mask with a margin; everything where it is empty."""
    if not mask.any():
        return slice(None), slice(None)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(int(rows[0]) - margin_px, 0), int(rows[-1]) + margin_px),
        slice(max(int(columns[0]) - margin_px, 0), int(columns[-1]) + margin_px),
    )
