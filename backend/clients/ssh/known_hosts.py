"""Who a host must be: its keys in a known_hosts file. An unknown or another key is never accepted."""

from collections.abc import Sequence
from pathlib import Path

import paramiko
from paramiko.hostkeys import HostKeyEntry, HostKeys

from backend.addresses import SSH_PORT, SshAddress
from backend.clients.ssh.errors import LinkError

RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256")


def known_keys(file: Path, address: SshAddress) -> list[paramiko.PKey]:
    """The keys that the host may show; LinkError where there are none, or where the file cannot be read or understood."""
    try:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise LinkError("host_key", f"The file of known hosts {file} cannot be read: {error}.") from error
    if any(line.startswith("@") for line in lines):
        # Revoked keys and authorities are OpenSSH's; who skips such a line may trust a key that was withdrawn.
        raise LinkError(
            "host_key",
            f"{file} has lines that begin with @ (revoked keys, certificate authorities), which Brodmann does not read. "
            "Give it a file of its own with the compute service's host alone (BRODMANN_SSH_KNOWN_HOSTS).",
        )
    entries = [_entry(line) for line in lines if line and not line.startswith("#")]
    return [entry.key for entry in entries if entry is not None and entry.key is not None and _is_of(entry, address.known_as)]


def check_key(shown: paramiko.PKey, known: Sequence[paramiko.PKey], address: SshAddress, file: Path) -> None:
    """LinkError unless the shown key is one of the known ones."""
    if shown in known:
        return
    keyscan = f"ssh-keyscan {'' if address.port == SSH_PORT else f'-p {address.port} '}{address.host} >> {file}"
    if not known:
        raise LinkError(
            "host_key",
            f"The SSH host {address.known_as} is not in {file}; nothing was sent to it. It shows the key {_words(shown)}. "
            f"Compare this with what the cluster publishes; if they are the same: {keyscan}",
        )
    raise LinkError(
        "host_key",
        f"The SSH host {address.known_as} shows another key than before: {_words(shown)} in place of "
        f"{' or '.join(_words(key) for key in known)}. Either it was set up anew, or somebody stands in between; nothing was "
        "sent to it. Ask the cluster's staff; if they name the new key: "
        f"ssh-keygen -R '{address.known_as}' -f {file}, then {keyscan}",
    )


def preferred(known: Sequence[paramiko.PKey], offered: Sequence[str]) -> tuple[str, ...]:
    """Signature algorithms in the order to ask for: those of known keys first, so that the host shows one of these."""
    wanted = [name for key in known for name in (RSA_SIGNATURES if key.get_name() == "ssh-rsa" else (key.get_name(),))]
    return tuple(dict.fromkeys([*(name for name in wanted if name in offered), *offered]))


def _entry(line: str) -> HostKeyEntry | None:
    try:
        return HostKeyEntry.from_line(line)
    except paramiko.SSHException:  # a damaged line makes no key known
        return None


def _is_of(entry: HostKeyEntry, name: str) -> bool:
    """Whether the line is about this host, whose name may be hashed there."""
    alone = HostKeys()
    for host in entry.hostnames or ():
        alone.add(host, entry.key.get_name(), entry.key)
    return alone.lookup(name) is not None


def _words(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.fingerprint}"
