import hashlib
from pathlib import Path

import pytest

from core.datasets.files import fingerprint_file, section_name, tissue_file, truth_file, write_atomically


def test_a_fingerprint_is_the_sha256_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    assert fingerprint_file(tmp_path / "a") == hashlib.sha256(b"x" * 3_000_000).hexdigest()


def test_numbers_have_at_least_four_digits() -> None:
    assert section_name("B20", 901) == "B20_0901"
    assert tissue_file("B20", 12345) == "tissue/B20_12345.png"
    assert truth_file("B20", 1) == "truth/B20_0001.json"


def test_writing_replaces_and_leaves_no_other_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new" / "a", b"one")
    write_atomically(tmp_path / "new" / "a", b"two")
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "new").iterdir()] == [("a", b"two")]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_atomically(tmp_path / "a", b"old")

    def full(self: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "a", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"old")]
