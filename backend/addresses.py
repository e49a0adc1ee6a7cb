"""Where the compute service is: on this machine, or behind an SSH server.

`http://127.0.0.1:8701`, or `ssh://user@host[:port]/absolute/path.sock`, or `ssh://user@host[:port]?to=127.0.0.1:8701`.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

SSH_PORT = 22
SCHEMES = ("http", "https", "ssh")
# The kernel's sockaddr_un has 108 bytes, the last of them zero.
LONGEST_SOCKET_PATH = 107
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


class AddressError(ValueError):
    """A text that is no address of a compute service; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class RemotePort:
    """A TCP port, as the SSH server reaches it."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class RemoteSocket:
    """A unix socket on the SSH server's machine."""

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class SshAddress:
    """Whom to log in as, where, and what to reach from there."""

    user: str
    host: str
    port: int
    target: RemotePort | RemoteSocket

    @property
    def known_as(self) -> str:
        """The host's name in a known_hosts file."""
        return self.host if self.port == SSH_PORT else f"[{self.host}]:{self.port}"

    def __str__(self) -> str:
        return f"{self.user}@{self.known_as}"


def ssh_address(url: str) -> SshAddress | None:
    """The SSH address of a compute service, None where it is reached directly. AddressError."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise AddressError(f"{url!r} is no http:// or ssh:// address")
    if parts.scheme != "ssh":
        return None
    if parts.password is not None:
        raise AddressError("no password belongs into an ssh:// address: Brodmann logs in with a key")
    if parts.username is None or not _USER.fullmatch(parts.username):
        raise AddressError(f"{url!r} names no user: write ssh://user@host/…")
    return SshAddress(parts.username, parts.hostname, _port(parts, SSH_PORT, url), _target(parts, url))


def _target(parts: SplitResult, url: str) -> RemotePort | RemoteSocket:
    path, asked = unquote(parts.path), parse_qs(parts.query, keep_blank_values=True)
    if set(asked) - {"to"} or parts.fragment or bool(path.strip("/")) == bool(asked):
        raise AddressError(
            f"{url!r} names no place behind the SSH server: "
            "end it with the absolute path of a unix socket, or with ?to=127.0.0.1:8701"
        )
    if not asked:
        if len(path.encode()) > LONGEST_SOCKET_PATH or "\0" in path:
            raise AddressError(f"the path of a unix socket has at most {LONGEST_SOCKET_PATH} bytes: {path!r}")
        return RemoteSocket(path)
    to = urlsplit("//" + asked["to"][0])
    if not to.hostname or (port := _port(to, 0, url)) == 0 or to.path or to.query or to.username is not None:
        raise AddressError(f"{url!r}: what follows ?to= is a host and a port, as 127.0.0.1:8701")
    return RemotePort(to.hostname, port)


def _port(parts: SplitResult, default: int, url: str) -> int:
    try:
        return default if parts.port is None else parts.port
    except ValueError:
        raise AddressError(f"{url!r} has no port between 0 and 65535") from None
