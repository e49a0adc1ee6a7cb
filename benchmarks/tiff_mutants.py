"""Small TIFFs of every variant that the reader reads, and ways to damage them as disks, networks and liars do."""

import io
import json
import struct
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import tifffile

from core.imaging.writer import PyramidOptions, write_pyramid

WIDTH_PX, HEIGHT_PX = 100, 75
REAL = Path(__file__).parents[1] / "tests/data/tiff"
_CODECS = (None, "lzw", "adobe_deflate", "packbits", "zstd", "lzma", "jpeg2000", 33003, "jpeg")
_LAYOUTS: tuple[dict[str, Any], ...] = ({"tile": (32, 48)}, {"rowsperstrip": 16}, {"rowsperstrip": HEIGHT_PX})
_COLOURS: tuple[tuple[int, dict[str, Any]], ...] = (
    (1, {"photometric": "minisblack"}),
    (1, {"photometric": "miniswhite"}),
    (3, {"photometric": "rgb", "planarconfig": "contig"}),
    (3, {"photometric": "rgb", "planarconfig": "separate"}),
    (4, {"photometric": "rgb", "planarconfig": "contig", "extrasamples": ["unassalpha"]}),
)
_INTERESTING = (0, 1, 2, 3, 7, 8, 16, 255, 256, 4095, 65_535, 65_536, 10**6, 10**9, 2**31 - 1, 2**31, 2**32 - 1)
_TAGS = (256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 322, 323, 324, 325, 330, 338, 347)


@cache
def seeds() -> tuple[bytes, ...]:
    """The undamaged files, always in the same order."""
    return (*_written(), *_pyramids(), *(path.read_bytes() for path in sorted(REAL.glob("*.tif"))))


def mutant(number: int, seed: int) -> bytes:
    """One damaged file: the same for the same numbers."""
    random = np.random.default_rng((seed, number))
    files = seeds()
    data = bytearray(files[random.integers(len(files))])
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        damage = _DAMAGES[random.integers(len(_DAMAGES))]
        data = damage(data, random) or bytearray(b"\0")
    return bytes(data)


def _picture(samples: int, dtype: str) -> np.ndarray[Any, Any]:
    y, x, s = np.mgrid[:HEIGHT_PX, :WIDTH_PX, :samples]
    values = 110 + 60 * np.sin(x / 17 + s) + 40 * np.cos(y / 11 - s)
    pixels: np.ndarray[Any, Any] = (values * (257 if dtype == "uint16" else 1)).astype(dtype)
    return pixels[:, :, 0] if samples == 1 else pixels


def _written() -> Iterator[bytes]:
    for turn, (codec, layout, colour, dtype) in enumerate(product(_CODECS, _LAYOUTS, _COLOURS, ("uint8", "uint16"))):
        samples, about = colour
        pixels = _picture(samples, dtype)
        if codec == "jpeg" and (dtype == "uint16" or samples == 4):
            continue
        if about.get("planarconfig") == "separate":
            pixels = np.moveaxis(pixels, 2, 0)
        options: dict[str, Any] = {"compression": codec, **about, **layout}
        if codec in ("lzw", "adobe_deflate", "zstd") and turn % 2:
            options["predictor"] = 2
        order: Literal["<", ">"] = "<" if codec in ("jpeg2000", 33003, "jpeg") or turn % 3 else ">"
        file = io.BytesIO()
        tifffile.imwrite(file, pixels, byteorder=order, bigtiff=turn % 4 == 0, metadata=None, **options)
        yield file.getvalue()


def _pyramids() -> Iterator[bytes]:
    """What scanners and Brodmann write: levels as pages and as sub-pages, descriptions, palettes."""
    gray = _picture(1, "uint8")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.tif"
        options = PyramidOptions(pixel_size_um=1.0, tile_size_px=16)
        write_pyramid(path, lambda first, count: gray[first : first + count], WIDTH_PX, HEIGHT_PX, options)
        yield path.read_bytes()
    for about in ("Aperio Image Library v1\n100x75|AppMag = 20|MPP = 0.5", json.dumps({"pixel_size_um": 1, "black": 9})):
        file = io.BytesIO()
        with tifffile.TiffWriter(file) as tiff:
            tiff.write(gray, tile=(32, 32), subifds=2, compression="lzw", description=about, metadata=None)
            tiff.write(gray[:74:2, ::2], tile=(16, 16), subfiletype=1, metadata=None)
            tiff.write(gray[:72:4, ::4], tile=(16, 16), subfiletype=1, metadata=None)
            tiff.write(gray[:40, :40], metadata=None)
        yield file.getvalue()
    file = io.BytesIO()
    tifffile.imwrite(file, gray, ome=True, metadata={"axes": "YX", "PhysicalSizeX": 1.0, "PhysicalSizeY": 1.0})
    yield file.getvalue()
    file = io.BytesIO()
    colours = np.arange(768).reshape(3, 256).astype(np.uint16)
    tifffile.imwrite(file, gray, photometric="palette", colormap=colours, tile=(32, 32), metadata=None)
    yield file.getvalue()


def _flip(data: bytearray, random: np.random.Generator) -> bytearray:
    for place in random.integers(0, len(data), random.integers(1, 9)):
        data[place] ^= 1 << random.integers(8)
    return data


def _overwrite(data: bytearray, random: np.random.Generator) -> bytearray:
    """Some bytes become zero, one, noise, or the start of another codec's data."""
    start = int(random.integers(len(data)))
    length = int(random.integers(1, 65))
    noise = random.integers(0, 256, length, np.uint8).tobytes()
    new = (bytes(length), b"\xff" * length, noise, b"\xff\xd8\xff\xc2", b"\xff\x4f\xff\x51", b"\xfd7zXZ\0")[random.integers(6)]
    data[start : start + len(new)] = new
    return data


def _cut(data: bytearray, random: np.random.Generator) -> bytearray:
    return data[: int(random.integers(len(data)))]


def _splice(data: bytearray, random: np.random.Generator) -> bytearray:
    """A piece of this or of another file is put in, over the bytes there or between them, or a piece is left out."""
    files = seeds()
    other = data if random.random() < 0.5 else files[random.integers(len(files))]
    start, at = int(random.integers(len(other))), int(random.integers(len(data)))
    piece = bytes(other[start : start + int(random.integers(1, 2000))])
    left_out = (0, len(piece), len(piece) // 2)[random.integers(3)]
    return data[:at] + (piece if random.random() < 0.8 else b"") + data[at + left_out :]


def _edit_tag(data: bytearray, random: np.random.Generator) -> bytearray:
    """A tag gets another number, type, count or value; or the value that it points to is changed."""
    entries = list(_entries(data))
    if not entries:
        return _flip(data, random)
    position, order, big = entries[random.integers(len(entries))]
    count, value, word = (position + 4, position + 12, "Q") if big else (position + 4, position + 8, "I")
    size = 8 if big else 4
    near = (len(data), len(data) - 1, len(data) // 2, position, position - 2)
    number = int((*_INTERESTING, *near)[random.integers(len(_INTERESTING) + len(near))])
    what = random.integers(6)
    if what == 0:
        struct.pack_into(
            order + "H", data, position, int(random.choice((256, 257, 258, 259, 262, 273, 277, 278, 317, 322, 325)))
        )
    elif what == 1:
        struct.pack_into(order + "H", data, position + 2, int(random.integers(0, 20)))
    elif what == 2:
        struct.pack_into(order + word, data, count, number)
    elif what == 3:
        (target,) = struct.unpack_from(order + word, data, value)
        if target + size <= len(data):
            struct.pack_into(order + word, data, target, number)
    elif what == 4 and not big:
        struct.pack_into(order + "H", data, value, number & 0xFFFF)
    else:
        struct.pack_into(order + word, data, value, number)
    return data


def _entries(data: bytearray) -> Iterator[tuple[int, str, bool]]:
    """(position, byte order, BigTIFF) of the tags of the first directories; none where the file is damaged already."""
    try:
        order = {b"II": "<", b"MM": ">"}[bytes(data[:2])]
        big = struct.unpack_from(order + "H", data, 2)[0] == 43
        (position,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        for _ in range(4):
            (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, position)
            position += 8 if big else 2
            for _ in range(min(count, 64)):
                if position + 20 > len(data):
                    return
                yield position, order, big
                position += 20 if big else 12
            (position,) = struct.unpack_from(order + ("Q" if big else "I"), data, position)
            if not position:
                return
    except (KeyError, OverflowError, struct.error):
        return


_DAMAGES: tuple[Callable[[bytearray, np.random.Generator], bytearray], ...] = (
    _flip,
    _flip,
    _flip,
    _overwrite,
    _overwrite,
    _cut,
    _splice,
    _edit_tag,
    _edit_tag,
    _edit_tag,
    _edit_tag,
)
