"""The directories of a TIFF file: read with bounds on everything, because a file may say anything.

Nothing is taken for granted: a directory is visited once, every offset and count is checked against the file's size
before a byte is read, and at most `MAX_PAGES` directories of at most `_MAX_TAGS` tags are looked at. (TIFF 6.0, and
the BigTIFF extension.)
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_PAGES = 256
_MAX_TAGS = 512
_MAX_VALUES = 4096
_SUB_DIRECTORIES = 330
# TIFF's data types: the letter of struct and numpy, and the bytes of one value.
_UNSIGNED = {1: "u1", 3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8"}
_SIGNED = {6: "i1", 8: "i2", 9: "i4", 17: "i8"}
_BYTES = {2: 1, 5: 8, 7: 1, 10: 8, 11: 4, 12: 8} | {kind: int(letter[1]) for kind, letter in (_UNSIGNED | _SIGNED).items()}


class TagError(ValueError):
    """The directories of a file contradict themselves or TIFF; the message says how."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One tag: where its values stand."""

    kind: int
    count: int
    position: int


@dataclass(frozen=True, slots=True)
class _Format:
    """What differs between Classic TIFF and BigTIFF: structs of an entry, of the number of tags, of an offset."""

    entry: struct.Struct
    number: struct.Struct
    offset: struct.Struct


class Directory:
    """One page: its tags' values by tag number, read when they are asked for."""

    def __init__(self, file: "TagFile", entries: dict[int, _Entry]) -> None:
        self._file, self._entries = file, entries

    @property
    def byte_order(self) -> str:
        """`<` or `>`, as struct and numpy write it."""
        return self._file.order

    def __contains__(self, tag: int) -> bool:
        return tag in self._entries

    def count(self, tag: int) -> int:
        """How many values the tag says it has; 0 when it is absent."""
        return self._entries[tag].count if tag in self._entries else 0

    def numbers(self, tag: int, limit: int) -> NDArray[np.int64]:
        """The integers of a tag, none when it is absent; TagError for more than `limit`, or for other than integers."""
        if tag not in self._entries:
            return np.empty(0, np.int64)
        entry = self._entries[tag]
        letter = (_UNSIGNED | _SIGNED).get(entry.kind)
        if letter is None:
            raise TagError(f"tag {tag} holds values of type {entry.kind} in place of integers")
        if entry.count > limit:
            raise TagError(f"tag {tag} has {entry.count} values, more than {limit}")
        values = np.frombuffer(self._file.values(tag, entry), self._file.order + letter)
        if letter == "u8" and values.size and int(values.max()) > np.iinfo(np.int64).max:
            raise TagError(f"tag {tag} has a value beyond all sizes")
        return values.astype(np.int64)

    def number(self, tag: int, default: int | None = None) -> int:
        """The first integer of a tag; TagError when it is absent and there is no default."""
        values = self.numbers(tag, _MAX_VALUES)
        if values.size:
            return int(values[0])
        if default is None:
            raise TagError(f"tag {tag} is missing")
        return default

    def ratio(self, tag: int) -> tuple[int, int] | None:
        """Numerator and denominator of a rational tag; None when it is absent."""
        entry = self._entries.get(tag)
        if entry is None:
            return None
        if entry.kind != 5 or not entry.count:
            raise TagError(f"tag {tag} holds values of type {entry.kind} in place of a fraction")
        numerator, denominator = struct.unpack(f"{self._file.order}II", self._file.values(tag, _Entry(5, 1, entry.position)))
        return numerator, denominator

    def data(self, tag: int, limit: int) -> bytes:
        """The bytes of a tag (text, tables), at most the first `limit`; none when it is absent."""
        entry = self._entries.get(tag)
        if entry is None:
            return b""
        if _BYTES.get(entry.kind) != 1:
            raise TagError(f"tag {tag} holds values of type {entry.kind} in place of bytes")
        return self._file.values(tag, _Entry(entry.kind, min(entry.count, limit), entry.position))

    def text(self, tag: int, limit: int) -> str:
        """The text of a tag up to its end mark, in UTF-8 or else Latin-1."""
        found = self.data(tag, limit).split(b"\0", 1)[0]
        try:
            return found.decode()
        except UnicodeDecodeError:
            return found.decode("latin-1")


class TagFile:
    """An open file's header; gives its directories and the values of their tags."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        head = self.read(0, min(16, self.size))
        self.order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        version = struct.unpack(f"{self.order}H", head[2:4])[0] if self.order and len(head) >= 8 else 0
        if version == 42:
            self._format = _Format(*(struct.Struct(self.order + letters) for letters in ("HHI4s", "H", "I")))
            self._first = self._format.offset.unpack(head[4:8])[0]
        elif version == 43 and len(head) == 16 and head[4:8] == struct.pack(f"{self.order}HH", 8, 0):
            self._format = _Format(*(struct.Struct(self.order + letters) for letters in ("HHQ8s", "Q", "Q")))
            self._first = self._format.offset.unpack(head[8:16])[0]
        else:
            raise TagError("it does not begin as TIFF files do")

    def directories(self) -> list[Directory]:
        """The first pages, each followed by its sub-pages, where pyramids keep their levels.

        TagError for directories that lead back to themselves or beyond the end of the file.
        """
        found: list[Directory] = []
        seen: set[int] = set()
        position = self._first
        while position and len(found) < MAX_PAGES:
            page, position = self._directory(position, seen)
            found.append(page)
            children = page.numbers(_SUB_DIRECTORIES, MAX_PAGES) if _SUB_DIRECTORIES in page else ()
            found.extend(self._directory(int(child), seen)[0] for child in children)
        if not found:
            raise TagError("it has no page")
        return found

    def values(self, tag: int, entry: _Entry) -> bytes:
        """The bytes of a tag's values, from the directory or from where it points to."""
        length = _BYTES[entry.kind] * entry.count
        position = entry.position
        if length > self._format.offset.size:
            position = self._format.offset.unpack(self.read(position, self._format.offset.size))[0]
        if position + length > self.size:
            raise TagError(f"tag {tag} ends at byte {position + length}, the file at {self.size}")
        return self.read(position, length)

    def read(self, position: int, length: int) -> bytes:
        """That many bytes; TagError when the file ends before."""
        data = os.pread(self._descriptor, length, position) if position + length <= self.size else b""
        if len(data) != length:
            raise TagError(f"it ends at byte {self.size} and points to {position}")
        return data

    def _directory(self, position: int, seen: set[int]) -> tuple[Directory, int]:
        """The directory at a position, and the position of the next (0 after the last)."""
        if position in seen:
            raise TagError(f"its directories form a loop: the one at byte {position} comes twice")
        seen.add(position)
        entry, number, offset = self._format.entry, self._format.number, self._format.offset
        count = number.unpack(self.read(position, number.size))[0]
        if not 0 < count <= _MAX_TAGS:
            raise TagError(f"the directory at byte {position} has {count} tags")
        start = position + number.size
        body = self.read(start, count * entry.size + offset.size)
        entries = dict(self._entries(body[: count * entry.size], start))
        return Directory(self, entries), int(offset.unpack(body[-offset.size :])[0])

    def _entries(self, body: bytes, start: int) -> Iterator[tuple[int, _Entry]]:
        """Tags with their entries; last come first, so that of a tag that is there twice the first counts."""
        size, value = self._format.entry.size, self._format.offset.size
        for index in reversed(range(len(body) // size)):
            tag, kind, count, _ = self._format.entry.unpack_from(body, index * size)
            if kind in _BYTES:
                yield tag, _Entry(kind, count, start + (index + 1) * size - value)
