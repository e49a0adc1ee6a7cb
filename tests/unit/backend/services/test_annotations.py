"""A crash while saving loses neither the old state nor the new one."""

from uuid import uuid4

import pytest

from backend.domain.collections import ANNOTATIONS, REVISIONS
from core.contracts.api import SaveAnnotation
from tests.unit.backend.installation import Crash, Installation

UID = uuid4().hex


def save(installation: Installation, version: int) -> int:
    """Save a square that tells the version it was made from; the new version."""
    side = 100.0 + version
    paths = [[[0, 0], [side, 0], [side, side]]]
    wanted = SaveAnnotation.model_validate({"section": 921, "area": "hOc1", "paths": paths, "version": version})
    return installation.services.annotations.save("ada", "demo", UID, wanted).annotation.version


def delete(installation: Installation, version: int) -> int:
    return installation.services.annotations.delete("ada", "demo", UID, version).annotation.version


@pytest.mark.parametrize("after_writing", [False, True])
@pytest.mark.parametrize("write", range(1, 4))
@pytest.mark.parametrize("deed", [save, delete])
def test_saving_again_after_a_crash_goes_on_without_a_gap(
    installation: Installation, write: int, after_writing: bool, deed: object
) -> None:
    assert save(installation, 0) == 1
    assert save(installation, 1) == 2
    installation.crash_at(write, after_writing)
    try:
        assert deed(installation, 2) == 3  # type: ignore[operator]
    except Crash:
        installation.services = installation.started()
        assert deed(installation, 2) == 3  # type: ignore[operator]
    assert save(installation, 3) == 4
    history = installation.services.annotations.revisions("ada", "demo", UID).revisions
    assert [revision.version for revision in history] == [4, 3, 2, 1]
    assert [revision.paths[0][1][0] for revision in history if revision.action == "saved"][-2:] == [101.0, 100.0]


def test_every_version_can_be_read_back(installation: Installation) -> None:
    for version in range(3):
        save(installation, version)
    for version in range(1, 4):
        old = installation.services.annotations.at_version("demo", UID, version)
        assert (old.version, old.paths[0][1][0]) == (version, 99.0 + version)


def test_of_many_saves_only_the_older_states_lie_in_the_revisions(installation: Installation) -> None:
    before = installation.count(ANNOTATIONS), installation.count(REVISIONS)
    for version in range(3):
        save(installation, version)
    assert (installation.count(ANNOTATIONS), installation.count(REVISIONS)) == (before[0] + 1, before[1] + 2)
