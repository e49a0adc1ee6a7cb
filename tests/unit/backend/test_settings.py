"""Settings from the environment."""

from pathlib import Path

import pytest

from backend.settings import DEFAULT_COMPUTE_URL, SettingsError, from_environment
from backend.wiring import _secret


def test_brains_and_store_are_enough(tmp_path: Path) -> None:
    settings = from_environment({"BRODMANN_BRAINS": str(tmp_path), "BRODMANN_STORE": str(tmp_path / "store")})
    assert settings.brains == tmp_path
    assert settings.compute_url == DEFAULT_COMPUTE_URL
    assert settings.secret_file == tmp_path / "store" / "secret"
    assert (settings.mongo_uri, settings.webui, settings.secure_cookies) == (None, None, False)


def test_every_problem_is_told_at_once() -> None:
    wrong = {
        "BRODMANN_BRAINS": "/nowhere",
        "BRODMANN_WEBUI": "/nowhere/either",
        "BRODMANN_COMPUTE_URL": "file:///etc/passwd",
        "BRODMANN_COMPUTE_TOKEN_FILE": "/no/token",
    }
    with pytest.raises(SettingsError) as problem:
        from_environment(wrong)
    for name in (*wrong, "BRODMANN_STORE"):
        assert name in str(problem.value)


def test_an_ssh_address_needs_a_key_and_known_hosts(tmp_path: Path) -> None:
    place = {"BRODMANN_BRAINS": str(tmp_path), "BRODMANN_STORE": str(tmp_path / "store")}
    ssh = {"BRODMANN_COMPUTE_URL": "ssh://anna@login.example/run/http.sock"}
    with pytest.raises(SettingsError) as problem:
        from_environment(place | ssh)
    for name in ("BRODMANN_SSH_KEY_FILE", "BRODMANN_SSH_KNOWN_HOSTS"):
        assert name in str(problem.value)
    for name in ("key", "known_hosts"):
        (tmp_path / name).touch(mode=0o644)
    files = {"BRODMANN_SSH_KEY_FILE": str(tmp_path / "key"), "BRODMANN_SSH_KNOWN_HOSTS": str(tmp_path / "known_hosts")}
    with pytest.raises(SettingsError, match="chmod 600"):
        from_environment(place | ssh | files)
    (tmp_path / "key").chmod(0o600)
    settings = from_environment(place | ssh | files)
    assert str(settings.compute_ssh) == "anna@login.example"
    assert (settings.ssh_key_file, settings.ssh_known_hosts) == (tmp_path / "key", tmp_path / "known_hosts")


def test_a_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    first = _secret(path)
    assert len(first) == 32
    assert _secret(path) == first
    assert path.stat().st_mode & 0o077 == 0


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")
    with pytest.raises(SettingsError, match="too short"):
        _secret(tmp_path / "secret")
