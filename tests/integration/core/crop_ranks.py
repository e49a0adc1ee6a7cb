"""A program of MPI ranks that reads crops: `python -m tests.integration.core.crop_ranks FOLDER`."""

import sys
from pathlib import Path

import numpy as np
from mpi4py import MPI

from core.datasets import BrainFolder
from core.sampling.patch_sites import AnnotatedBrain
from core.training.crops import CropReader, crop_batches, crop_ranks
from tests.fakes.patches import SETTINGS, drawn_on, small_sites


def main(folder: Path) -> None:
    """The first rank writes the crops that the others read."""
    brain = BrainFolder(folder / "SMALL")
    brains = (AnnotatedBrain(brain, drawn_on(tuple(section.number for section in brain.brain.sections))),)
    reader = CropReader(brains, small_sites(brains), SETTINGS)
    with crop_ranks(MPI.COMM_WORLD, reader) as stage:
        if stage is not None:
            batches = np.array_split(np.arange(len(reader.sites)), 5)
            np.savez(folder / "crops.npz", *(crops.images for crops in crop_batches(reader, batches, 7, stage)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
