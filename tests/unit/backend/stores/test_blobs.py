"""Blobs on disk: whole or not at all, and never outside the folder."""

from pathlib import Path

import pytest

from backend.stores.blobs import FileBlobs


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs")


def test_a_blob_comes_back_and_is_replaced(blobs: FileBlobs) -> None:
    for content in (b"one", b"two"):
        blobs.write("predictions/demo/a_label.png", content)
        assert blobs.read("predictions/demo/a_label.png") == content


def test_an_unknown_blob_is_not_found(blobs: FileBlobs) -> None:
    with pytest.raises(FileNotFoundError):
        blobs.read("nothing")


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../x", "a/../x", "a//b", ".hidden", "a/.writing-x", "a\\b", "a\n", "x" * 200]
)
def test_names_that_could_lead_elsewhere_are_refused(blobs: FileBlobs, name: str) -> None:
    for use in (lambda: blobs.read(name), lambda: blobs.write(name, b"")):
        with pytest.raises(ValueError, match="not the name of a blob"):
            use()


def test_a_write_that_fails_leaves_the_old_blob_and_no_rest(
    blobs: FileBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs.write("a", b"old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        blobs.write("a", b"new")
    assert blobs.read("a") == b"old"
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == ["a"]
