"""The data folder: secrets are private and survive."""

from pathlib import Path

from brodmann.layout import DataFolder


def test_secrets_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    data.create()
    for file in (data.compute_token_file, data.session_secret_file):
        assert file.stat().st_mode & 0o077 == 0
        assert len(file.read_text()) >= 32


def test_creating_twice_keeps_the_secrets(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    data.create()
    token = data.compute_token_file.read_text()
    data.create()
    assert data.compute_token_file.read_text() == token


def test_the_two_secrets_differ(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    data.create()
    assert data.compute_token_file.read_text() != data.session_secret_file.read_text()
