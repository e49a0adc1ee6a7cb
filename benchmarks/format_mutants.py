"""Annotation files of every format that is read, and ways to damage them as programs, editors and liars do."""

import gzip
import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from core.contracts.datasets import RasterGrid
from core.formats.geojson import write_geojson
from core.formats.masks import LabelMask, Legend, LegendEntry, mask_png, mask_tiff
from core.formats.microdraw import write_juelich, write_paris
from core.formats.shapes import Frame, Shape
from core.formats.svg_writer import write_svg

FRAME = Frame(2.0, 3000, 2400)
GOLDEN = Path(__file__).parents[1] / "tests/data/formats"
_TOKENS = tuple(
    b'null true false -1 0 1e308 1e999 NaN Infinity 99999999999999999999 "" [] {} [[]] "Path" "CompoundPath" "Group" '
    b'"closed" "segments" "annotation" "Polygon" "features" <g> </g> <use/> <path <!DOCTYPE &amp; &a; d="M0 '
    b"matrix(1 scale(0) C A1 Z viewBox \xff \x00 \xef\xbb\xbf".split(b" ")
)
_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1e12, 10**30, "", "x", "NaN", [], {}, [[]], [0, 0], ["Path", {}], "[1,2]"),
    {"type": "Point", "coordinates": [1, 2]},
)
_OPENING = (b"[", b"{", b'{"a":', b"<g>", b'["Group",{"children":[', b"(", b"\x1f\x8b")


@cache
def seeds() -> tuple[bytes, ...]:
    """The undamaged files, always in the same order."""
    star = tuple((1000 + 400 * np.cos(a), 1000 + 400 * np.sin(a)) for a in np.arange(0, 6, 0.3))
    curve = tuple((float(x), float(y), 3.0, -2.0, -3.0, 2.0) for x, y in star)
    hole = ((980.0, 980.0), (1020.0, 980.0), (1000.0, 1020.0))
    shapes = [
        Shape("region", "hOc1", (tuple((float(x), float(y)) for x, y in star), hole), colour="#ff0000", uid="1f"),
        Shape("region", "hOc2", (curve,), colour="#00ff00"),
        Shape("line", "border", (((0.0, 0.0), (500.0, 20.0), (800.0, 10.0)),)),
        Shape("note", "note", (((5.0, 6.0),),), "look < here"),
    ]
    texts = [
        json.dumps(write_paris(shapes, FRAME, "7")),
        json.dumps(write_juelich(shapes, FRAME, "B20_0047")),
        json.dumps(write_geojson(shapes, FRAME)),
        write_svg(shapes, FRAME),
    ]
    files = [text.encode() for text in texts] + [path.read_bytes() for path in sorted(GOLDEN.iterdir())]
    return (*files, gzip.compress(files[2], mtime=0), texts[0].encode("utf-16"), *_rasters())


def _rasters() -> list[bytes]:
    labels = (np.arange(60 * 75).reshape(60, 75) // 900 % 3).astype(np.uint8)
    grid = RasterGrid(pixel_size_um=80.0, width_px=75, height_px=60)
    entries = (LegendEntry(value=1, area="hOc1", colour="#ff0000"), LegendEntry(value=2, area="hOc2", colour="#00ff00"))
    mask = LabelMask(labels, Legend(grid=grid, labels=entries))
    files = [mask_png(mask), mask_tiff(mask)]
    for pixels in (labels, labels.astype(np.uint16), np.dstack([labels * 100] * 3)):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        files.append(file.getvalue())
    for codec in (None, "lzw", "packbits"):
        file = io.BytesIO()
        tifffile.imwrite(file, labels, compression=codec, rowsperstrip=16, metadata=None)
        files.append(file.getvalue())
    return files


def mutant(number: int, seed: int) -> bytes:
    """One damaged file: the same for the same numbers."""
    random = np.random.default_rng((seed, number))
    files = seeds()
    data = files[random.integers(len(files))]
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        # Of JSON mostly the values: a comma too few is refused at once and tests nothing behind the parser.
        is_json = data[:1] in (b"[", b"{") and random.random() < 0.7
        damage = _member if is_json else _DAMAGES[random.integers(len(_DAMAGES))]
        data = damage(data, random) or b" "
    return data


def _place(data: bytes, random: np.random.Generator) -> int:
    return int(random.integers(len(data) + 1))


def _flip(data: bytes, random: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for place in random.integers(0, len(data), random.integers(1, 9)):
        changed[place] ^= 1 << random.integers(8)
    return bytes(changed)


def _token(data: bytes, random: np.random.Generator) -> bytes:
    """A word of some format is put in, over the bytes there or between them."""
    place, token = _place(data, random), _TOKENS[random.integers(len(_TOKENS))]
    return data[:place] + token + data[place + (len(token) if random.random() < 0.5 else 0) :]


def _value(data: bytes, random: np.random.Generator) -> bytes:
    """One value of a text becomes another: between two separators."""
    ends = [index for index, sign in enumerate(data[:200_000]) if sign in b',:[]{}" \n']
    if len(ends) < 2:
        return data
    first = int(random.integers(len(ends) - 1))
    return data[: ends[first] + 1] + _TOKENS[random.integers(len(_TOKENS))] + data[ends[first + 1] :]


def _member(data: bytes, random: np.random.Generator) -> bytes:
    """Of a JSON document one value at any depth becomes another, or another's copy, or is left out: it stays JSON."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return _value(data, random)
    holders = [found for found in _within(document, 0) if found]
    if not holders:
        return data
    holder = holders[random.integers(len(holders))]
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    key = keys[random.integers(len(keys))]
    if random.random() < 0.3:
        del holder[key]
    elif random.random() < 0.5:
        holder[key] = _VALUES[random.integers(len(_VALUES))]
    else:
        holder[key] = json.loads(json.dumps(holders[random.integers(len(holders))]))
    return json.dumps(document).encode()


def _within(value: object, depth: int) -> list[Any]:
    if not isinstance(value, dict | list) or depth > 50:
        return []
    parts = value.values() if isinstance(value, dict) else value
    return [value, *(found for part in parts for found in _within(part, depth + 1))]


def _cut(data: bytes, random: np.random.Generator) -> bytes:
    return data[: _place(data, random)]


def _splice(data: bytes, random: np.random.Generator) -> bytes:
    """A piece of this or of another file is put in, or a piece is left out."""
    files = seeds()
    other = files[random.integers(len(files))] if random.random() < 0.5 else data
    start, place = _place(other, random), _place(data, random)
    piece = other[start : start + int(random.integers(1, 400))] if random.random() < 0.8 else b""
    return data[:place] + piece + data[place + int(random.integers(0, 100)) :]


def _repeat(data: bytes, random: np.random.Generator) -> bytes:
    """A piece many times over: depth, length and names that nobody writes by hand."""
    place = _place(data, random)
    piece, times = data[place : place + int(random.integers(1, 60))], (10, 300, 20_000)
    if random.random() < 0.5:
        piece, times = _OPENING[random.integers(len(_OPENING))], (10, 300, 200_000)
    return data[:place] + piece * int(random.choice(times)) + data[place:]


def _zero(data: bytes, random: np.random.Generator) -> bytes:
    place, length = _place(data, random), int(random.integers(1, 65))
    return data[:place] + bytes(min(length, len(data) - place)) + data[place + length :]


_DAMAGES: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (
    *(_flip, _token, _token, _value, _value, _value),
    *(_cut, _splice, _splice, _repeat, _zero),
)
