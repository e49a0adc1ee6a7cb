"""A series of sections: which pairs are computed, which stay, and how often an image is read."""

from collections import Counter
from pathlib import Path

import pytest

from core.anatomy.align import AlignmentError
from core.anatomy.by_hand import set_step
from core.anatomy.series import align_brain
from core.contracts.datasets import Alignment, AlignmentStep, RigidTransform
from core.datasets import BrainFolder, write_alignment
from core.imaging.pyramid import Pyramid
from tests.fakes.brain_folder import write_small_brain

MOTION = RigidTransform(angle_rad=0.2, dx_um=900.0, dy_um=-1400.0)


def test_a_step_set_by_hand_stays_and_the_others_are_computed(tmp_path: Path) -> None:
    path = write_small_brain(tmp_path)
    by_hand = AlignmentStep(section=921, successor=941, transform=MOTION, hand_set=True)
    write_alignment(path, Alignment(base_section=941, steps=(by_hand,)))
    alignment = align_brain(BrainFolder(path))
    assert alignment.base_section == 941
    assert [(step.section, step.successor) for step in alignment.steps] == [(901, 921), (921, 941), (941, 961)]
    assert alignment.steps[1] == by_hand
    assert all(step.quality is not None and step.quality.weak for step in (alignment.steps[0], alignment.steps[2]))


def test_a_brain_without_an_alignment_gets_its_middle_as_base(tmp_path: Path) -> None:
    path = write_small_brain(tmp_path, numbers=(901, 921, 941))
    (path / "alignment.json").unlink()
    seen: list[tuple[int, int]] = []
    assert align_brain(BrainFolder(path), report=lambda done, of: seen.append((done, of))).base_section == 921
    assert seen == [(1, 2), (2, 2)]


def test_one_section_cannot_be_aligned(tmp_path: Path) -> None:
    with pytest.raises(AlignmentError, match="SMALL has 1 sections"):
        align_brain(BrainFolder(write_small_brain(tmp_path, numbers=(901,))))


def test_only_the_named_sections_are_computed(tmp_path: Path) -> None:
    folder = BrainFolder(write_small_brain(tmp_path))
    before = folder.alignment
    after = align_brain(folder, sections=(921, 961))  # 961 is the last and has no step
    assert [step.quality is not None for step in after.steps] == [False, True, False]
    assert (after.steps[0], after.steps[2]) == (before.steps[0], before.steps[2])


def test_a_named_section_that_was_set_by_hand_stays(tmp_path: Path) -> None:
    folder = BrainFolder(write_small_brain(tmp_path))
    by_hand = set_step(folder.alignment, folder.brain, 921, MOTION)
    write_alignment(folder.path, by_hand)
    assert align_brain(BrainFolder(folder.path), sections=(921,)) == by_hand


def test_a_section_that_the_brain_does_not_have_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="SMALL has no section 922"):
        align_brain(BrainFolder(write_small_brain(tmp_path)), sections=(922,))


def test_every_image_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: Counter[int] = Counter()
    whole = BrainFolder.pyramid

    def counting(folder: BrainFolder, number: int) -> Pyramid:
        opened[number] += 1
        return whole(folder, number)

    monkeypatch.setattr(BrainFolder, "pyramid", counting)
    align_brain(BrainFolder(write_small_brain(tmp_path)))
    assert opened == {901: 1, 921: 1, 941: 1, 961: 1}
