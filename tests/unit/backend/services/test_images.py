"""The cache of open images."""

from pathlib import Path

from backend.services.images import PyramidCache
from core.datasets import BrainFolder


def test_the_pyramids_used_last_stay_open(brains: Path) -> None:
    folder = BrainFolder(brains / "SMALL")
    opened: list[int] = []
    cache = PyramidCache(capacity=2)

    def get(number: int) -> None:
        def open_it() -> object:
            opened.append(number)
            return folder.pyramid(number)

        cache.get(("SMALL", number, "x"), open_it)  # type: ignore[arg-type]

    for number in (901, 921, 901, 941, 901, 921):
        get(number)
    assert opened == [901, 921, 941, 921]


def test_a_pyramid_dropped_while_it_is_read_can_be_read_to_the_end(brains: Path) -> None:
    folder = BrainFolder(brains / "SMALL")
    cache = PyramidCache(capacity=1)
    held = cache.get(("SMALL", 901, "x"), lambda: folder.pyramid(901))
    cache.get(("SMALL", 921, "x"), lambda: folder.pyramid(921))
    assert held.jpeg_tile(0, 0, 0)[:2] == b"\xff\xd8"


def test_another_version_is_another_image(brains: Path) -> None:
    folder = BrainFolder(brains / "SMALL")
    cache = PyramidCache()
    first = cache.get(("SMALL", 901, "old"), lambda: folder.pyramid(901))
    assert cache.get(("SMALL", 901, "new"), lambda: folder.pyramid(901)) is not first
    assert cache.get(("SMALL", 901, "old"), lambda: folder.pyramid(901)) is first
