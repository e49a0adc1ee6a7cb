"""Which of a project's areas a name in a file means."""

import re
from collections.abc import Sequence

from core.contracts.datasets import Area


def proposed_area(name: str, areas: Sequence[Area], only_beside: bool = False) -> str | None:
    """The area that a name is likely to mean, None where that is anybody's guess.

    Its name, long name or alias, however written; else the one area that stands in it as a word, as in `Area hOc1 (V1)`, or
    whose long name has it in brackets, as `V2` in `Area hOc2 (V2, 18)`.
    A name of lines and notes only (`only_beside`) may stand for any area, so that one is taken that there is.
    """
    plain = _plain(name)
    for area in areas:
        if plain and plain in map(_plain, (area.name, area.long_name, *area.aliases)):
            return area.name
    words = {_plain(word) for word in re.split(r"[\s()\[\],;:/]+", name)}
    within = [area.name for area in areas if words & set(map(_plain, (area.name, *area.aliases)))]
    if not within:
        within = [area.name for area in areas if words & set(_in_brackets(area.long_name))]
    if len(within) == 1:
        return within[0]
    return areas[0].name if areas and (only_beside or (not plain and len(areas) == 1)) else None


def _in_brackets(long_name: str) -> list[str]:
    parts = [part for inside in re.findall(r"\(([^)]*)\)", long_name) for part in inside.split(",")]
    return [plain for part in parts if (plain := _plain(part))]


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
