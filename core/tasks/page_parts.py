"""Parts of pages that need nothing else: their style, tables, and plots and pictures inlined as PNG."""

import base64
import html
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:.6rem 0 1.6rem}td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child{text-align:left}figure{margin:1.5rem 0}img{max-width:100%}figcaption{color:#555}"""


def page(title: str, body: str) -> str:
    """A whole page; nothing is loaded from elsewhere."""
    head = f"<meta charset=utf-8><title>{html.escape(title)}</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang=en>{head}{body}</html>"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts."""
    return "<table>" + _row(columns, "th") + "".join(_row(row, "td") for row in rows) + "</table>"


def _row(cells: Iterable[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def plot(drawn: "Figure", caption: str) -> str:
    """A plot with its caption."""
    buffer = io.BytesIO()
    drawn.savefig(buffer, dpi=110)
    return picture(buffer.getvalue(), caption)


def picture(png: bytes, caption: str) -> str:
    """An image with its caption."""
    data = base64.b64encode(png).decode()
    words = html.escape(caption)
    return f'<figure><img alt="{words}" src="data:image/png;base64,{data}"><figcaption>{words}</figcaption></figure>'


def new_figure(width: float, height: float) -> "Figure":
    """An empty plot of so many inches, drawn without a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - slow to load, and only for the page
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def finish_f1(axes: "Axes", *, legend: bool = True) -> None:
    """Make the vertical axis one of F1 scores, and name what is drawn beside it."""
    axes.set_ylim(0, 1)
    axes.set_ylabel("F1")
    axes.yaxis.grid(visible=True, color="#ddd")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if legend:
        axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
