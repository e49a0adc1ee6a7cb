"""Keys of hosts, made here."""

from pathlib import Path

import paramiko
import pytest

from backend.addresses import RemotePort, SshAddress
from backend.clients.ssh.errors import LinkError
from backend.clients.ssh.known_hosts import check_key, known_keys, preferred

ADDRESS = SshAddress("anna", "login.example", 22, RemotePort("127.0.0.1", 8701))
OFFERED = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256")


@pytest.fixture(scope="module")
def keys() -> list[paramiko.PKey]:
    return [paramiko.ECDSAKey.generate(bits=256) for _ in range(3)]


@pytest.fixture(scope="module")
def rsa() -> paramiko.PKey:
    return paramiko.RSAKey.generate(1024)


def line(key: paramiko.PKey, hosts: str = "login.example") -> str:
    return f"{hosts} {key.get_name()} {key.get_base64()}\n"


def test_every_key_of_the_host_is_known_and_no_other(tmp_path: Path, keys: list[paramiko.PKey]) -> None:
    first, second, other = keys
    file = tmp_path / "known_hosts"
    lines = (line(first, "a.example,login.example"), line(second), line(other, "login.example.org"))
    file.write_text("# ours\n\n" + "".join(lines) + "damaged\n")
    assert known_keys(file, ADDRESS) == [first, second]
    for key in (first, second):
        check_key(key, [first, second], ADDRESS, file)
    with pytest.raises(LinkError, match="shows another key"):
        check_key(other, [first, second], ADDRESS, file)


def test_the_host_is_another_one_at_another_port(tmp_path: Path, keys: list[paramiko.PKey]) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(line(keys[0], "[login.example]:2222"))
    assert known_keys(file, ADDRESS) == []


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="cannot be read"):
        known_keys(tmp_path / "gone", ADDRESS)


def test_signatures_of_known_keys_are_asked_for_first(keys: list[paramiko.PKey], rsa: paramiko.PKey) -> None:
    assert preferred([], OFFERED) == OFFERED
    assert preferred(keys[:1], OFFERED) == ("ecdsa-sha2-nistp256", "ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256")
    assert preferred([rsa], OFFERED) == ("rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519", "ecdsa-sha2-nistp256")
