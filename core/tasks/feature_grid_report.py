"""The results of feature experiments as one page: a table and a plot for each, like thesis figures 6.4 to 6.9."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, pstdev
from textwrap import fill
from typing import TYPE_CHECKING

from core.tasks.evaluate_features import FeatureGridResults, ScoredRow
from core.tasks.feature_experiments import EXPERIMENTS, SIZES, Experiment
from core.tasks.model_files import write_text
from core.tasks.page_parts import finish_f1, new_figure, page, plot, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE_FILE = "results.html"
TEST, TRANSFER = "#1b6ca8", "#c2571a"
LABEL_CHARACTERS = 14
"""Of a line below a bar."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table: of each repetition the learning rate with the best test score, as the thesis has it.

    Scores are of the repetitions that succeeded; none of them where all failed.
    """

    label: str
    value: float | None
    rates: tuple[float, ...]
    train: tuple[float, ...]
    test: tuple[float, ...]
    transfer: tuple[float, ...]


def lines_of(rows: Iterable[ScoredRow]) -> list[Line]:
    """The lines of one experiment, in the order of its rows."""
    groups: dict[str, dict[int, list[ScoredRow]]] = {}
    for each in rows:
        groups.setdefault(each.row.label, {}).setdefault(each.row.repetition, []).append(each)
    return [_line(label, repetitions) for label, repetitions in groups.items()]


def _line(label: str, repetitions: dict[int, list[ScoredRow]]) -> Line:
    scored = ([each for each in rows if each.scores.test is not None] for rows in repetitions.values())
    best = [max(rows, key=lambda each: each.scores.test or 0.0) for rows in scored if rows]
    return Line(
        label=label,
        value=next(iter(repetitions.values()))[0].row.value,
        rates=tuple(dict.fromkeys(each.row.trial.features.settings.learning_rate for each in best)),
        train=tuple(each.scores.train for each in best if each.scores.train is not None),
        test=tuple(each.scores.test for each in best if each.scores.test is not None),
        transfer=tuple(each.scores.transfer for each in best if each.scores.transfer is not None),
    )


def write_page(results: FeatureGridResults, out: Path) -> Path:
    """Write `results.html` beside the results; the path."""
    place = out / PAGE_FILE
    write_text(place, render(results))
    return place


def render(results: FeatureGridResults) -> str:
    """The page. Plots are inlined PNG; nothing is loaded from elsewhere."""
    parts = [_about(results)]
    for name, experiment in _experiments(results):
        lines = lines_of(each for each in results.rows if each.row.experiment == name)
        parts.append(f"<h2>{html.escape(experiment.title)} (thesis {experiment.section})</h2>")
        parts.append(f"<p>Varied: {html.escape(experiment.varied)}.</p>")
        parts.append(table(("", *_COLUMNS, "learning rate"), [(*_cells(line), _rates(line)) for line in lines]))
        if any(line.test for line in lines):
            words = f"Macro F1, the mean over repetitions, which are dots (as thesis figure {experiment.figure})."
            parts.append(plot(_drawn(lines, experiment), words))
    if failures := failures_of(results):
        parts += ["<h2>Not computed</h2>", table(("model", "reason"), failures)]
    return page("Features of many areas", "\n".join(parts))


def text_table(results: FeatureGridResults) -> str:
    """The tables of the page, for a terminal."""
    lines: list[str] = []
    for name, experiment in _experiments(results):
        found = lines_of(each for each in results.rows if each.row.experiment == name)
        width = max(len(line.label) for line in found) + 2
        head = f"{experiment.title} (thesis {experiment.section})"
        lines += [head, " " * width + "".join(f"{each:>16}" for each in _COLUMNS)]
        for line in found:
            label, *cells = _cells(line)
            lines.append(f"{label:<{width}}" + "".join(f"{cell:>16}" for cell in cells))
        lines.append("")
    return "\n".join([*lines, *(f"not computed: {name}: {reason}" for name, reason in failures_of(results))])


def failures_of(results: FeatureGridResults) -> list[tuple[str, str]]:
    """What could not be computed and why, each trial once."""
    found: dict[str, tuple[str, str]] = {}
    for each in results.rows:
        if each.scores.failure:
            name = f"{each.row.label} ({EXPERIMENTS[each.row.experiment].title})"
            found.setdefault(str(each.row.trial.folder), (name, each.scores.failure))
    return list(found.values())


_COLUMNS = ("repetitions", "training F1", "test F1", "transfer F1")


def _experiments(results: FeatureGridResults) -> list[tuple[str, Experiment]]:
    return [(name, EXPERIMENTS[name]) for name in dict.fromkeys(each.row.experiment for each in results.rows)]


def _cells(line: Line) -> tuple[str, ...]:
    return (line.label, str(len(line.test)), *(_mean(each) for each in (line.train, line.test, line.transfer)))


def _mean(scores: Sequence[float]) -> str:
    if not scores:
        return "–"
    return f"{mean(scores):.3f}" + (f" ± {pstdev(scores):.3f}" if len(scores) > 1 else "")


def _rates(line: Line) -> str:
    return ", ".join(f"{rate:g}" for rate in line.rates) or "–"


def _about(results: FeatureGridResults) -> str:
    plan, size = results.plan, SIZES[results.plan.size]
    settings = size.settings
    words = (
        f"Preset {plan.size}: {settings.encoder}, loss {settings.loss.replace('_', ' ')}, {settings.epochs} epochs of batches "
        f"of {settings.batch_size} patches of {size.patch_px['large']} px at {settings.patches.pixel_size_um:g} µm; by "
        f"cross-entropy {size.cross_entropy_epochs} epochs. {len(plan.areas)} areas; {plan.transfer} is held out. Each "
        "experiment varies what it names, and everything else stays."
    )
    how = (
        "Every encoder, also one by cross-entropy, is scored by a linear classifier on its frozen features: macro F1 on "
        "sections kept for test, and on the brain held out. Of several learning rates the one with the best test score is "
        "shown, as in the thesis, which makes test scores there a little too good. Where areas of the brain held out are "
        "learnt, their patches are drawn together with the others'; the thesis adds a constant number of them."
    )
    made = f"Made {results.made_at:%Y-%m-%d %H:%M} UTC."
    return "\n".join(["<h1>Features of many areas</h1>", *(f"<p>{html.escape(each)}</p>" for each in (words, how, made))])


def _drawn(lines: Sequence[Line], experiment: Experiment) -> "Figure":
    """Test and transfer F1: against what is varied where that is a number, as bars otherwise."""
    against = all(line.value is not None for line in lines)
    figure = new_figure(7.0 if against else max(6.0, 1.3 * len(lines) + 2), 3.6)
    axes = figure.add_subplot()
    for index, (name, colour) in enumerate((("test", TEST), ("transfer", TRANSFER))):
        groups = [line.test if name == "test" else line.transfer for line in lines]
        there = [place for place, group in enumerate(groups) if group]
        heights = [mean(groups[place]) for place in there]
        if against:
            xs: list[float] = [lines[place].value or 0.0 for place in there]
            axes.plot(xs, heights, "o-", color=colour, label=name)
        else:
            xs = [place + (index - 0.5) * 0.38 for place in there]
            axes.bar(xs, heights, 0.36, color=colour, label=name)
        for x, place in zip(xs, there, strict=True):
            axes.plot([x] * len(groups[place]), groups[place], ".", color="#222", markersize=3, alpha=0.6)
    if against:
        axes.set_xlabel(experiment.varied)
    else:
        axes.set_xticks(range(len(lines)), [fill(line.label, LABEL_CHARACTERS) for line in lines], fontsize=8)
    finish_f1(axes)
    return figure
