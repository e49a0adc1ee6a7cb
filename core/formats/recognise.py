"""Which format a file is in, by its content alone, and what it holds."""

import zlib
from dataclasses import replace

from core.formats.geojson import is_geojson, read_geojson
from core.formats.json_text import LARGEST_BYTES, parse
from core.formats.labels import read_labels
from core.formats.microdraw import Coordinates, is_microdraw, read_microdraw
from core.formats.shapes import FormatError, Found, Frame
from core.formats.svg import read_svg

FORMATS = "Microdraw's JSON, QuPath's GeoJSON, SVG drawings, and label images as PNG or TIFF"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SPACE = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"  # with the marks and zeros of other encodings


def read(name: str, data: bytes, frame: Frame, coordinates: Coordinates | None = None) -> Found:
    """What an annotation file holds; `name` is for messages.

    `coordinates` settles what Microdraw's numbers mean where the likelier meaning is wrong. FormatError names file,
    place and remedy.
    """
    try:
        found = _read(_unpacked(data), frame, coordinates)
    except FormatError as error:
        raise FormatError(f"{name}: {error}") from error
    if not found.shapes and not found.notes:
        return replace(found, notes=("the file is of this format and holds no shapes",))
    return found


def _read(data: bytes, frame: Frame, coordinates: Coordinates | None) -> Found:
    if data[:4] in _TIFF or data[:4] == b"\x89PNG":
        return read_labels(data, frame)
    start = data[:4096].lstrip(_SPACE)[:1]
    if start == b"<":
        return read_svg(data, frame)
    if start in (b"{", b"["):
        document = parse(data)
        if is_geojson(document):
            return read_geojson(document, frame)
        if is_microdraw(document) or document == []:
            return read_microdraw(document, frame, coordinates)
        raise FormatError(f"JSON, but no annotations that are known; {FORMATS} are read")
    raise FormatError(f"no annotation file that is known; {FORMATS} are read")


def _unpacked(data: bytes) -> bytes:
    """QuPath may pack its files."""
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        unpacking = zlib.decompressobj(wbits=31)
        content = unpacking.decompress(data, LARGEST_BYTES + 1)
    except zlib.error as error:
        raise FormatError(f"the packed file is damaged ({error}); export it again") from error
    if len(content) > LARGEST_BYTES or not unpacking.eof:
        raise FormatError(f"the packed file is cut off or holds more than {LARGEST_BYTES >> 20} MB; export it again")
    return content
