"""Images kept open: how many, for how long, and that one slow disk holds up nobody else."""

import os
import threading
from pathlib import Path

import pytest

from backend.domain.errors import BusyError
from backend.services import open_images
from backend.services.open_images import ChangedImageError, OpenImages, ReadingPlaces
from core.datasets import BrainFolder
from core.imaging.pyramid import Pyramid
from tests.fakes.brain_folder import write_small_brain


class Counted(BrainFolder):
    """Tells which sections were opened."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.opened: list[int] = []

    def pyramid(self, number: int) -> Pyramid:
        self.opened.append(number)
        return super().pyramid(number)


class Hanging(BrainFolder):
    """Section 901 lies on a disk that does not answer until told."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked, self.answers = threading.Event(), threading.Event()

    def pyramid(self, number: int) -> Pyramid:
        if number == 901:
            self.asked.set()
            assert self.answers.wait(60)
        return super().pyramid(number)


def test_the_images_used_last_stay_open(brains: Path) -> None:
    folder = Counted(brains / "SMALL")
    images = OpenImages(capacity=2)
    for number in (901, 921, 901, 941, 901, 921):
        images.get(folder, folder.brain.section(number))
    assert folder.opened == [901, 921, 941, 921]


def test_an_image_dropped_while_it_is_read_can_be_read_to_the_end(brains: Path) -> None:
    folder = BrainFolder(brains / "SMALL")
    images = OpenImages(capacity=1)
    held = images.get(folder, folder.brain.section(901))
    images.get(folder, folder.brain.section(921))
    assert held.pyramid.jpeg_tile(0, 0, 0)[:2] == b"\xff\xd8"


def test_another_version_is_another_image_and_the_old_one_is_let_go(brains: Path) -> None:
    folder = Counted(brains / "SMALL")
    section = folder.brain.section(901)
    images = OpenImages()
    first = images.get(folder, section)
    second = images.get(folder, section.model_copy(update={"fingerprint": "0" * 64}))
    assert second is not first
    images.get(folder, section)
    assert folder.opened == [901, 901, 901]


def test_a_file_newer_than_brain_json_is_hashed_once_and_believed_when_it_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = BrainFolder(write_small_brain(tmp_path))
    section = folder.brain.section(901)
    os.utime(folder.section_path(901), ns=(folder.written_ns + 1,) * 2)
    hashed: list[Path] = []
    really = open_images.fingerprint_file
    monkeypatch.setattr(open_images, "fingerprint_file", lambda path: hashed.append(path) or really(path))
    images = OpenImages(capacity=1)
    for number in (901, 921, 901):
        images.get(folder, folder.brain.section(number))
    assert hashed == [folder.section_path(901)]
    with pytest.raises(ChangedImageError):
        images.get(folder, section.model_copy(update={"fingerprint": "0" * 64}))
    assert hashed == [folder.section_path(901)]


def test_while_one_section_cannot_be_opened_others_are(brains: Path) -> None:
    folder = Hanging(brains / "SMALL")
    images = OpenImages()
    thread = threading.Thread(target=lambda: images.get(folder, folder.brain.section(901)))
    thread.start()
    try:
        assert folder.asked.wait(60)
        assert images.get(folder, folder.brain.section(921)).pyramid.jpeg_tile(0, 0, 0)
    finally:
        folder.answers.set()
        thread.join(60)
    assert not thread.is_alive()


def test_so_many_threads_at_most_wait_for_one_section(brains: Path) -> None:
    places = ReadingPlaces(most=1, patience_s=0.01)
    with places.take(("SMALL", 901)):
        with pytest.raises(BusyError, match="section 901 of brain SMALL"), places.take(("SMALL", 901)):
            pass
        with places.take(("SMALL", 921)):
            pass
    with places.take(("SMALL", 901)):
        pass
