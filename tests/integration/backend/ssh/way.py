"""Ways through a lab's sshd to a service behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from backend.addresses import ssh_address
from backend.clients.ssh.adapter import BASE_URL, mount
from backend.clients.ssh.errors import LinkError
from backend.clients.ssh.link import Credentials, Link
from brodmann.lab.sshd import SshdLab
from tests.integration.backend.ssh.remote import Remote


def link_to(lab: SshdLab, remote: Remote, **other: Path | str) -> Link:
    address = ssh_address(f"ssh://{other.get('user', lab.user)}@{lab.host}:{lab.port}{remote.target}")
    assert address is not None
    key, hosts = Path(other.get("key", lab.key_file)), Path(other.get("known_hosts", lab.known_hosts))
    return Link(address, Credentials(key, hosts))


def session_over(link: Link) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    mount(session, link)
    return session


@contextmanager
def through(lab: SshdLab, remote: Remote, **other: Path | str) -> Iterator[requests.Session]:
    link = link_to(lab, remote, **other)
    try:
        with session_over(link) as session:
            yield session
    finally:
        link.close()


def get(session: requests.Session, path: str, **options: object) -> requests.Response:
    return session.get(BASE_URL + path, timeout=30, **options)


def refusal(lab: SshdLab, remote: Remote, **other: Path | str) -> LinkError:
    """Why there is no way; nothing may have been asked."""
    with pytest.raises(LinkError) as refused:
        link_to(lab, remote, **other).open()
    assert remote.asked == []
    return refused.value
