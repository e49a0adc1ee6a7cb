"""Projects' summaries, also where the dataset is away."""

import shutil
from pathlib import Path

from core.contracts.api import NewProject
from tests.unit.backend.installation import Installation


def test_a_project_whose_brain_is_away_hides_no_other(brains: Path, tmp_path: Path) -> None:
    moved = tmp_path / "brains"
    shutil.copytree(brains, moved)
    installation = Installation(moved, tmp_path / "blobs")
    shutil.rmtree(moved / "SMALL")
    installation.services = installation.started()
    (summary,) = installation.services.projects.all("ada").projects
    assert (summary.brain_title, summary.section_count, summary.progress) == ("SMALL (dataset not found)", 0, ())


def test_the_last_activity_is_that_of_the_newest_change(installation: Installation) -> None:
    projects = installation.services.projects
    newest = installation.services.changes.after("demo", 0).changes[-1]
    assert projects.summary("ada", "demo").last_activity == newest.at
    assert projects.create("ada", NewProject(id="quiet", title="Quiet", brain="SMALL", areas=("hOc1",)))
    assert projects.summary("ada", "quiet").last_activity is None
