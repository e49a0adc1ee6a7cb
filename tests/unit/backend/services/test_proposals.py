"""Outlines proposed along a chain of alignment steps."""

from pathlib import Path

import pytest

from backend.domain.errors import NotFoundError
from core.datasets import BrainFolder, write_alignment
from tests.fakes.brain_folder import write_small_brain
from tests.unit.backend.installation import Installation


def test_where_the_chain_is_broken_the_first_missing_step_is_named(tmp_path: Path) -> None:
    folder = BrainFolder(write_small_brain(tmp_path / "brains"))
    steps = tuple(step for step in folder.alignment.steps if step.section != 941)
    write_alignment(folder.path, folder.alignment.model_copy(update={"steps": steps}))
    installation = Installation(tmp_path / "brains", tmp_path / "blobs")
    with pytest.raises(
        NotFoundError, match="section 941 is not aligned to the next one; align it again on the page of"
    ) as told:
        installation.services.proposals.shape("ada", "demo", 921, "hOc1")
    assert told.value.code == "no_chain"
