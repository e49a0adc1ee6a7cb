"""Blobs as files below one folder."""

import os
import re
import tempfile
from pathlib import Path

COMPONENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}")


class FileBlobs:
    """Each blob is a file; it is written under a temporary name and renamed, so a reader sees all of it or none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(self, name: str, content: bytes) -> None:
        """Store under this name, synced to disk."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def read(self, name: str) -> bytes:
        """The bytes; FileNotFoundError."""
        return self._path(name).read_bytes()

    def _path(self, name: str) -> Path:
        parts = name.split("/")
        if not all(COMPONENT.fullmatch(part) for part in parts):
            raise ValueError(f"not the name of a blob: {name!r}")
        return self._folder.joinpath(*parts)
