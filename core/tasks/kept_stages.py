"""What the stages of a long task found, kept among its checkpoints, so that the next start goes on behind the last of them."""

import hashlib
import io
import json
import shutil
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.datasets.files import write_atomically

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class KeptStages:
    """A folder of files, one a stage. What was computed from anything else lies in another folder, and is removed."""

    folder: Path

    @classmethod
    def of_inputs(cls, checkpoints: Path, task: str, inputs: object) -> "KeptStages":
        """The folder for just these inputs, which can be told as JSON."""
        digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]
        folder = checkpoints / f"{task}-{digest}"
        for other in checkpoints.glob(f"{task}-*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        return cls(folder)

    def of(self, stage: str, compute: Callable[[], Arrays]) -> Arrays:
        """A stage's arrays as they are kept, or computed and kept; a damaged file counts as none."""
        file = self.folder / f"{stage}.npz"
        try:
            with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as kept:
                return dict(kept)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
            found, content = compute(), io.BytesIO()
        np.savez_compressed(content, allow_pickle=False, **found)
        write_atomically(file, content.getvalue())
        return found

    def forget(self) -> None:
        """Remove all of them, once the results stand."""
        shutil.rmtree(self.folder, ignore_errors=True)
