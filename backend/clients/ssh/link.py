"""A verified SSH connection to where the compute service is, made when it is needed and again when it broke."""

import logging
import socket
import stat
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import paramiko

from backend.addresses import SshAddress
from backend.clients.ssh.channel import ChannelSocket
from backend.clients.ssh.errors import SSH_ERRORS, LinkError
from backend.clients.ssh.known_hosts import check_key, known_keys, preferred
from backend.clients.ssh.transport import HANDSHAKE_S, Transport, prompt_socket

LOG = logging.getLogger(__name__)
CONNECT_S = 3.0
PROHIBITED = 1  # by the server's rules, in RFC 4254, 5.1


class _BrokenError(Exception):
    """The connection ended while a channel was opened."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whom we are, and by which file we know the host."""

    key_file: Path
    known_hosts: Path


class Link:
    """One connection for all threads; each request has a channel of its own on it."""

    def __init__(self, address: SshAddress, credentials: Credentials) -> None:
        self.address = address
        self._credentials = credentials
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self._failure: tuple[float, LinkError] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection now that is not known to be dead; without one the next request makes it."""
        return self._transport is not None and self._transport.is_active()

    def open(self) -> ChannelSocket:
        """A channel to the compute service; LinkError says at which hop there is no way."""
        try:
            return self._opened(self._connected())
        except _BrokenError:  # it died since it was last used, or just now: nothing was sent on it
            try:
                return self._opened(self._connected())
            except _BrokenError as error:
                raise LinkError("connect", f"The SSH connection to {self.address} broke: {error}.") from error

    def _opened(self, transport: Transport) -> ChannelSocket:
        target = self.address.target
        try:
            return ChannelSocket(transport.open_to(target))
        except paramiko.ChannelException as error:
            if error.code == PROHIBITED:
                raise LinkError(
                    "forward",
                    f"The SSH server {self.address} does not forward to {target}: {error.text}. The key's line in "
                    "authorized_keys must have `port-forwarding` and, for a port, permit it (`permitopen`, which shuts out "
                    "unix sockets); the server's configuration must have AllowTcpForwarding, for a unix socket "
                    "AllowStreamLocalForwarding.",
                ) from error
            raise LinkError(
                "service",
                f"Nobody answers at {target} on {self.address.host}: {error.text}. Start the compute service there, and "
                "let it listen where BRODMANN_COMPUTE_URL says.",
            ) from error
        except SSH_ERRORS as error:
            if isinstance(error, paramiko.SSHException) and transport.is_active():
                raise LinkError("service", f"{self.address} does not reach {target} in time: {_said(error)}.") from error
            transport.close()
            raise _BrokenError(_said(error)) from error

    def close(self) -> None:
        """End the connection; the next request makes a new one."""
        with self._lock:
            if self._transport is not None:
                self._transport.close()
                self._transport = None

    def _connected(self) -> Transport:
        asked_at = time.monotonic()
        with self._lock:
            if self._transport is not None and self.is_connected:
                return self._transport
            if self._failure is not None and self._failure[0] > asked_at:
                # Another thread tried while we waited for it: all are told, not each made to try in turn.
                raise LinkError(self._failure[1].hop, self._failure[1].message)
            try:
                self._transport = self._connect()
            except LinkError as error:
                self._failure = time.monotonic(), error
                raise
            LOG.info("connected to %s", self.address)
            return self._transport

    def _connect(self) -> Transport:
        connection = prompt_socket(self._reach())
        transport = Transport(connection)
        try:
            self._greet(transport)
            self._log_in(transport)
        except BaseException:
            transport.close()
            connection.close()  # of a transport that was never started
            raise
        transport.watch()
        return transport

    def _reach(self) -> socket.socket:
        host, port = self.address.host, self.address.port
        try:
            places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise LinkError(
                "resolve", f"The name {host} is not known: {error}. Check it in BRODMANN_COMPUTE_URL, and this machine's DNS."
            ) from error
        reason = ""
        for family, kind, protocol, _, place in places:
            connection = socket.socket(family, kind, protocol)
            connection.settimeout(CONNECT_S)
            try:
                connection.connect(place)
            except OSError as error:
                connection.close()
                reason = _said(error)
            else:
                return connection
        raise LinkError(
            "connect",
            f"No connection to {host} port {port}: {reason}. Is the host up, does sshd listen on this port, does a firewall "
            "or a missing VPN stand in between?",
        )

    def _greet(self, transport: Transport) -> None:
        file = self._credentials.known_hosts
        known = known_keys(file, self.address)
        options = transport.get_security_options()
        options.key_types = preferred(known, tuple(options.key_types))
        try:
            transport.start_client(timeout=HANDSHAKE_S)
            shown = transport.get_remote_server_key()
        except SSH_ERRORS as error:
            raise LinkError(
                "connect",
                f"{self.address.host} port {self.address.port} is reached and does not speak SSH with us: {_said(error)}. "
                "Is it sshd that listens there, and does it answer others?",
            ) from error
        check_key(shown, known, self.address, file)

    def _log_in(self, transport: Transport) -> None:
        key_file = self._credentials.key_file
        key = private_key(key_file)
        try:
            more = transport.auth_publickey(self.address.user, key)
        except (paramiko.BadAuthenticationType, paramiko.AuthenticationException) as error:
            raise LinkError(
                "login",
                f"{self.address} does not let us in with {key_file}: {_said(error)}. Add {key_file}.pub to that user's "
                "~/.ssh/authorized_keys; a `from=` there must name this machine.",
            ) from error
        except SSH_ERRORS as error:
            raise LinkError("login", f"The login as {self.address} broke off: {_said(error)}.") from error
        if more:
            raise LinkError(
                "login",
                f"{self.address} wants {' and '.join(more)} besides the key. Nobody is here to type it: ask the cluster's "
                "staff for a login by key alone, restricted to forwarding and to this machine.",
            )


def private_key(file: Path) -> paramiko.PKey:
    """The key in this file; LinkError where there is none, or others could read it, or a passphrase keeps it."""
    try:
        mode = file.stat().st_mode
        key = paramiko.PKey.from_path(file)
    except OSError as error:
        raise LinkError("login", f"The key {file} cannot be read: {error.strerror}.") from error
    except TypeError as error:  # said by the cryptography library where a passphrase is missing
        raise LinkError(
            "login",
            f"The key {file} has a passphrase, and nobody is here to type it. Make a key without one for this service, "
            "and restrict it in authorized_keys.",
        ) from error
    except (ValueError, paramiko.SSHException) as error:
        raise LinkError("login", f"{file} holds no private key that can be read: {_said(error)}.") from error
    if stat.S_IMODE(mode) & 0o077:
        raise LinkError("login", f"Others may read the key {file}. Run: chmod 600 {file}")
    return key


def _said(error: BaseException) -> str:
    """What an error says, or at least its name."""
    text = getattr(error, "strerror", None) or str(error)
    return str(text).strip().rstrip(".") or type(error).__name__
