"""Settings of the backend, from the environment; every problem is told at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.addresses import AddressError, SshAddress, ssh_address

DEFAULT_COMPUTE_URL = "http://127.0.0.1:8701"


class SettingsError(Exception):
    """The environment is not one the backend can start in; the message lists everything that is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where everything is. Paths are absolute."""

    brains: Path
    """Folder of brain datasets."""
    store: Path
    """Folder of blobs, and of the SQLite file when there is no `mongo_uri`; made when missing."""
    mongo_uri: str | None = None
    """MongoDB address with the database name, e.g. mongodb://user:pw@mongo:27017/brodmann?authSource=admin&w=1&journal=true"""
    compute_url: str = DEFAULT_COMPUTE_URL
    compute_ssh: SshAddress | None = None
    """The same address taken apart, when it begins with ssh://."""
    ssh_key_file: Path | None = None
    """Private key without a passphrase, readable by its owner only; with `compute_ssh` always there."""
    ssh_known_hosts: Path | None = None
    """Keys that the SSH host may show; with `compute_ssh` always there."""
    compute_token_file: Path | None = None
    secret_file: Path
    """Holds the key that CSRF tokens are made with; made when missing."""
    webui: Path | None = None
    """Folder of the built web interface, served at /."""
    secure_cookies: bool = False
    """Send the session cookie over HTTPS only; set behind a reverse proxy with TLS."""


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read BRODMANN_* and MONGO_URI; SettingsError lists everything that is wrong."""
    problems: list[str] = []
    brains = _folder(environment, "BRODMANN_BRAINS", problems)
    webui = _folder(environment, "BRODMANN_WEBUI", problems, needed=False)
    store = environment.get("BRODMANN_STORE", "")
    if not store:
        problems.append("BRODMANN_STORE is not set: the folder for the database and its files")
    url = environment.get("BRODMANN_COMPUTE_URL") or DEFAULT_COMPUTE_URL
    ssh = _ssh(url, problems)
    token = _file(environment, "BRODMANN_COMPUTE_TOKEN_FILE", problems)
    key = _file(environment, "BRODMANN_SSH_KEY_FILE", problems, needed=ssh is not None)
    known_hosts = _file(environment, "BRODMANN_SSH_KNOWN_HOSTS", problems, needed=ssh is not None)
    if key is not None and key.stat().st_mode & 0o077:
        problems.append(f"BRODMANN_SSH_KEY_FILE: others may read {key}; run chmod 600 {key}")
    if problems or brains is None:
        raise SettingsError("The backend cannot start:\n" + "\n".join(f"  - {problem}" for problem in problems))
    return Settings(
        brains=brains,
        store=Path(store).resolve(),
        mongo_uri=environment.get("MONGO_URI") or None,
        compute_url=url.rstrip("/"),
        compute_ssh=ssh,
        ssh_key_file=key,
        ssh_known_hosts=known_hosts,
        compute_token_file=token,
        secret_file=Path(environment.get("BRODMANN_SECRET_FILE") or Path(store) / "secret").resolve(),
        webui=webui,
        secure_cookies=environment.get("BRODMANN_SECURE_COOKIES", "") not in ("", "0"),
    )


def _ssh(url: str, problems: list[str]) -> SshAddress | None:
    try:
        return ssh_address(url)
    except AddressError as error:
        problems.append(f"BRODMANN_COMPUTE_URL: {error}")
        return None


def _file(environment: Mapping[str, str], name: str, problems: list[str], needed: bool = False) -> Path | None:
    value = environment.get(name, "")
    if not value:
        if needed:
            problems.append(f"{name} is not set, which an ssh:// address needs")
        return None
    if not Path(value).is_file():
        problems.append(f"{name}: there is no file {value}")
        return None
    return Path(value).resolve()


def _folder(environment: Mapping[str, str], name: str, problems: list[str], needed: bool = True) -> Path | None:
    value = environment.get(name, "")
    if not value:
        if needed:
            problems.append(f"{name} is not set")
        return None
    if not Path(value).is_dir():
        problems.append(f"{name}: there is no folder {value}")
        return None
    return Path(value).resolve()
