"""JSON of unknown origin, parsed in bounded memory."""

import json

from core.formats.shapes import FormatError

LARGEST_BYTES = 64 << 20
# What a byte of JSON can blow up to: an empty list 60 bytes of memory, an empty object 64, a member of one over 200.
MOST_LISTS = 3_000_000
MOST_OBJECTS = 400_000
MOST_COMMAS = 16_000_000
_DEEPEST = 200


def parse(data: bytes) -> object:
    """The document; FormatError with line and column, or for more than is read."""
    if len(data) > LARGEST_BYTES:
        raise FormatError(f"the file has {len(data) >> 20} MB, at most {LARGEST_BYTES >> 20} MB are read; divide it")
    for sign, most in ((b"[", MOST_LISTS), (b"{", MOST_OBJECTS), (b",", MOST_COMMAS)):
        if data.count(sign) > most:
            raise FormatError(f"the file has more than {most} times {sign.decode()!r}; divide it or simplify its outlines")
    try:
        document = json.loads(_text(data), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise FormatError(f"line {error.lineno}, column {error.colno}: {error.msg}; export it again") from error
    except RecursionError as error:
        raise FormatError("the file is nested too deeply to be a list of annotations") from error
    except ValueError as error:
        raise FormatError(f"{str(error)[:120]}; export the file again") from error
    _check_depth(document)
    return document


def _text(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise FormatError(f"byte {error.start} is no {encoding[:6]} text; export the file again") from error


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number JSON knows")


def _check_depth(document: object) -> None:
    layer, depth = [document], 0
    while layer:
        depth += 1
        if depth > _DEEPEST:
            raise FormatError("the file is nested too deeply to be a list of annotations")
        layer = [part for each in layer for part in _parts(each)]


def _parts(value: object) -> list[object]:
    parts: list[object] = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [part for part in parts if isinstance(part, dict | list)]
