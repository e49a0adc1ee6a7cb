"""Features of places on a brain's sections, kept section by section while a job computes them: what is stopped goes on."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.datasets.files import write_atomically
from core.models.encoders import Encoder

Features = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class KeptFeatures:
    """Files of one brain's sections in a folder; `name` tells what they are features of."""

    folder: Path
    name: str

    def has(self, section: int) -> bool:
        """Whether a section's features are there."""
        return self._file(section).exists()

    def of(self, section: int, compute: Callable[[], Features]) -> Features:
        """A section's features (n, width), as they are kept, or computed and kept."""
        if self.has(section):
            kept: Features = np.load(self._file(section), allow_pickle=False)
            return kept
        found, content = compute(), io.BytesIO()
        np.save(content, found, allow_pickle=False)
        write_atomically(self._file(section), content.getvalue())
        return found

    def forget(self) -> None:
        """Remove all of them."""
        for file in self.folder.glob(f"{self.name}-*.npy"):
            file.unlink(missing_ok=True)

    def _file(self, section: int) -> Path:
        return self.folder / f"{self.name}-{section}.npy"


def features_name(encoder: Encoder, brain: str, *places: NDArray[np.generic]) -> str:
    """A name for features of just these places (arrays) of a brain by just this encoder."""
    digest = hashlib.sha256()
    for weights in encoder.state_dict().values():
        digest.update(weights.cpu().numpy().tobytes())
    for each in places:
        digest.update(np.ascontiguousarray(each).tobytes())
    return f"features-{brain}-{digest.hexdigest()[:16]}"
