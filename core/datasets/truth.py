"""The truth of a synthetic brain in the place of what is computed of a real one: for tests and for measuring parts alone."""

import shutil
from pathlib import Path

from core.datasets.files import ALIGNMENT_FILE, TRUTH_FOLDER, tissue_file
from core.datasets.folder import BrainFolder


def adopt_truth(folder: Path) -> None:
    """Copy true tissue classes and alignment to where computed ones are expected, over what is there.

    Raises FileNotFoundError in a brain where nobody knows them.
    """
    brain = BrainFolder(folder).brain
    for name in (ALIGNMENT_FILE, *(tissue_file(brain.id, section.number) for section in brain.sections)):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / TRUTH_FOLDER / name, folder / name)
