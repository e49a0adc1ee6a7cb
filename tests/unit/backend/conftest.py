"""An installation for each test."""

from pathlib import Path

import pytest

from tests.fakes.brain_folder import write_small_brain
from tests.unit.backend.installation import Installation


@pytest.fixture(scope="session")
def brains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one small brain, `SMALL`."""
    root = tmp_path_factory.mktemp("brains")
    write_small_brain(root)
    return root


@pytest.fixture
def installation(brains: Path, tmp_path: Path) -> Installation:
    """Ada's project `demo` with hOc1 annotated on 901 and 961."""
    return Installation(brains, tmp_path)
