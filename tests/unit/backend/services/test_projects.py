"""Projects whose dataset is away."""

import shutil
from pathlib import Path

from tests.unit.backend.installation import Installation


def test_a_project_whose_brain_is_away_hides_no_other(brains: Path, tmp_path: Path) -> None:
    moved = tmp_path / "brains"
    shutil.copytree(brains, moved)
    installation = Installation(moved, tmp_path / "blobs")
    shutil.rmtree(moved / "SMALL")
    installation.services = installation.started()
    (summary,) = installation.services.projects.all("ada").projects
    assert (summary.brain_title, summary.section_count, summary.progress) == ("SMALL (dataset not found)", 0, ())
