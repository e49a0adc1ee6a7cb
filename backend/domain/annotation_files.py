"""Annotation files that arrive together: single ones, and those in a zip; and the sections their names say."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from backend.domain.errors import InvalidError
from core.contracts.datasets import Brain
from core.contracts.exchange import ImportFile
from core.datasets.numbering import section_number

MOST_FILES = 5_000
MOST_BYTES = 512 << 20  # of all files of a request, unpacked
LARGEST_FILE = 64 << 20
_ZIP = b"PK\x03\x04"
_BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, zlib.error)


def unpacked(files: Sequence[ImportFile]) -> Iterator[tuple[str, bytes]]:
    """Name and content of every annotation file, one at a time; InvalidError for a zip that is damaged or too large."""
    count = size = 0
    for file in files:
        for name, content in _contents(file):
            count, size = count + 1, size + len(content)
            if count > MOST_FILES or size > MOST_BYTES:
                raise InvalidError(
                    f"{file.name}: more than {MOST_FILES} files or {MOST_BYTES >> 20} MB. Import them in several parts.",
                    code="too_many_files",
                )
            yield name, content


def _contents(file: ImportFile) -> Iterator[tuple[str, bytes]]:
    if file.content[:4] != _ZIP:
        yield file.name, file.content
        return
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            for entry in archive.infolist():
                name = PurePosixPath(entry.filename).name
                # Folders, what file managers leave behind, and the legends that lie beside our masks.
                if entry.is_dir() or name.startswith(".") or "__MACOSX" in entry.filename or name.endswith(".legend.json"):
                    continue
                with archive.open(entry) as part:
                    content = part.read(LARGEST_FILE + 1)
                if len(content) > LARGEST_FILE:
                    raise InvalidError(f"{file.name}: {name} has more than {LARGEST_FILE >> 20} MB unpacked. Divide it.")
                yield name[:200], content
    except _BROKEN as error:
        raise InvalidError(f"{file.name} is a damaged zip ({error}). Pack it again.", code="damaged_zip") from error


def section_named(text: str, brain: Brain) -> int | None:
    """The brain's section that a file's name or a slice's says, by the pattern of ingest; None where there is none."""
    number = section_number(text)
    return number if number is not None and any(section.number == number for section in brain.sections) else None
