"""Section numbers from file names, by a pattern that a person can read."""

import re
from pathlib import Path

from core.imaging.source import PLAIN_SUFFIXES, TIFF_SUFFIXES

DEFAULT_PATTERN = "*{number}*"
_LARGEST_NUMBER = 99_999
_NUMBER = r"(?<![0-9])(?P<number>[0-9]+)(?![0-9])"


class IngestError(Exception):
    """Nothing can be ingested this way; the message says why and what to do."""


def source_files(sources: list[Path]) -> list[Path]:
    """The images among files and directly in folders, each once, by name; IngestError for one that is not there."""
    found: dict[Path, None] = {}
    for source in sources:
        if not source.exists():
            raise IngestError(f"{source}: there is no such file or folder; check the name, and that the disk is mounted")
        files = sorted(source.iterdir()) if source.is_dir() else [source]
        for file in files:
            known = file.suffix.lower() in TIFF_SUFFIXES | PLAIN_SUFFIXES
            if file.is_file() and known and not file.name.startswith("."):
                found[file.resolve()] = None
    if not found:
        suffixes = ", ".join(sorted(TIFF_SUFFIXES | PLAIN_SUFFIXES))
        raise IngestError(f"there is no image in {', '.join(map(str, sources))}; images end in {suffixes}")
    return list(found)


def section_numbers(files: list[Path], pattern: str = DEFAULT_PATTERN) -> tuple[dict[int, Path], list[Path]]:
    """Number -> file in increasing order, and the files that the pattern gives no number.

    In the pattern `{number}` stands for all digits in a row, `*` for anything; it must fit the whole file name without
    its suffix (.ome.tif is one), and the last number that fits is taken. IngestError when two files get the same number.
    """
    expression = _expression(pattern)
    numbered: dict[int, Path] = {}
    left_out = []
    for file in files:
        found = expression.fullmatch(file.stem.removesuffix(".ome"))
        if found is None or int(found["number"]) > _LARGEST_NUMBER:
            left_out.append(file)
            continue
        number = int(found["number"])
        if number in numbered:
            raise IngestError(
                f"{numbered[number]} and {file} both get section number {number} by the pattern {pattern}; "
                "give a --pattern that fits the file names, e.g. 'B20_{number}_*', or leave one of them out"
            )
        numbered[number] = file
    return dict(sorted(numbered.items())), left_out


def section_number(name: str) -> int | None:
    """The number that the default pattern finds in the name of one file, None where it finds none."""
    found, _ = section_numbers([Path(name.replace("/", "_") or "_")])
    return next(iter(found), None)


def _expression(pattern: str) -> re.Pattern[str]:
    if pattern.count("{number}") != 1:
        raise IngestError(f"the pattern {pattern} must contain {{number}} once, e.g. 'B20_{{number}}_*'")
    parts = re.split(r"(\{number\}|\*+)", pattern)
    return re.compile("".join(_part(part) for part in parts), re.DOTALL)


def _part(part: str) -> str:
    return _NUMBER if part == "{number}" else ".*" if part.startswith("*") else re.escape(part)
