"""`brodmann atlas` on a phantom, whose place in the reference space is known."""

from pathlib import Path

import nibabel
import numpy as np
from click.testing import CliRunner

from brodmann.cli import main
from core.datasets import BrainFolder
from core.datasets.atlas import read_projection
from core.phantom import build


def run(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(main, ["atlas", *arguments])
    return answer.exit_code, answer.output


def test_maps_of_a_folder_are_projected_onto_the_named_section(tmp_path: Path) -> None:
    brain = tmp_path / "TINY"
    build(brain, "tiny", workers=1)
    (tmp_path / "maps").mkdir()
    to_world = np.diag([10.0, 10.0, 10.0, 1.0])
    to_world[:3, 3] = -100, -120, -80
    ones = nibabel.Nifti1Image(np.ones((20, 20, 20), np.float32), to_world)
    for name in ("hOc1", "hOc2"):
        ones.to_filename(tmp_path / "maps" / f"{name}.nii.gz")
    reference = str(tmp_path / "maps" / "hOc1.nii.gz")
    code, words = run(str(brain), "--reference", reference, "--maps", str(tmp_path / "maps"), "--sections", "911")
    assert (code, words.strip()) == (0, "section 911: atlas/TINY_0911.h5")
    found = read_projection(BrainFolder(brain), 911)
    assert found.areas == ("hOc1", "hOc2")
    assert found.probabilities.min() == 1
    assert np.abs(found.coordinates).max() < 1
    code, words = run(str(brain), "--reference", reference, "--maps", str(brain / "sections"))
    assert code != 0
    assert "no NIfTI" in words
