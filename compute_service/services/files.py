"""Whole files or none: every file of a job folder is written under another name, then renamed."""

import os
import uuid
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Replace a file; a crash leaves the old or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
