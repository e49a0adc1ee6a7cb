"""Brain datasets on disk: found, read, checked and written."""

from core.datasets.changing import changing
from core.datasets.files import DatasetError, MissingFileError, fingerprint_file
from core.datasets.folder import BrainFolder, find_brains
from core.datasets.truth import adopt_truth
from core.datasets.writers import write_alignment, write_brain, write_tissue, write_tissue_correction, write_truth

__all__ = [
    "BrainFolder",
    "DatasetError",
    "MissingFileError",
    "adopt_truth",
    "changing",
    "find_brains",
    "fingerprint_file",
    "write_alignment",
    "write_brain",
    "write_tissue",
    "write_tissue_correction",
    "write_truth",
]
