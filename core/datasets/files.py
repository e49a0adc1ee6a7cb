"""Files of a brain dataset: names, fingerprints, and writing so that a crash leaves the old or the new file."""

import hashlib
import os
from pathlib import Path
from uuid import uuid4

BRAIN_FILE = "brain.json"
ALIGNMENT_FILE = "alignment.json"
TRUTH_FOLDER = "truth"
MAPPING_FILE = "atlas/mapping.json"


class DatasetError(Exception):
    """A file of a brain dataset is wrong; the message names the file, what is wrong and the remedy."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem

    def __reduce__(self) -> tuple[type["DatasetError"], tuple[Path, str]]:
        """So that it comes whole out of another process."""
        return type(self), (self.path, self.problem)


class MissingFileError(DatasetError, FileNotFoundError):
    """A file of a brain dataset is not there."""


def section_name(brain_id: str, number: int) -> str:
    """`B20_0901`: how files of a section are called."""
    return f"{brain_id}_{number:04d}"


def tissue_file(brain_id: str, number: int) -> str:
    """Where a section's tissue classes are, relative to the brain folder."""
    return f"tissue/{section_name(brain_id, number)}.png"


def projection_file(brain_id: str, number: int) -> str:
    """Where what a reference space says about a section is, relative to the brain folder."""
    return f"atlas/{section_name(brain_id, number)}.h5"


def tissue_correction_file(brain_id: str, number: int) -> str:
    """Where the strokes painted over a section's computed tissue classes are."""
    return f"tissue/{section_name(brain_id, number)}.strokes.json"


def truth_file(brain_id: str, number: int) -> str:
    """Where a section's true outlines are, in brains whose truth is known."""
    return f"{TRUTH_FOLDER}/{section_name(brain_id, number)}.json"


def fingerprint_file(path: Path) -> str:
    """SHA-256 over a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write to a temporary name beside the file and rename; folders are made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
