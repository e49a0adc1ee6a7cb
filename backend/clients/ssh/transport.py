"""One SSH connection, as paramiko has it, with what it lacks: unix sockets, prompt acknowledgement, a peer that is heard."""

import logging
import socket
import threading
import time

import paramiko
from paramiko.common import cMSG_CHANNEL_OPEN
from paramiko.message import Message

from backend.addresses import RemotePort, RemoteSocket
from backend.clients.ssh.errors import SSH_ERRORS

LOG = logging.getLogger(__name__)
# paramiko logs what it also raises, with tracebacks; the errors are told in our words.
PARAMIKO_LOG = f"{__name__}.paramiko"
logging.getLogger(PARAMIKO_LOG).setLevel(logging.CRITICAL)

# Authenticated ciphers first: half the work of a cipher with a separate digest. None of those that OpenSSH gave up.
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
HANDSHAKE_S, LOGIN_S, CHANNEL_S = 5.0, 10.0, 5.0
ASK_EVERY_S = 1.0
SILENT_AFTER_S = 3.5
LOOK_EVERY_S = 0.25
OPEN_SOCKET = b"direct-streamlocal@openssh.com"
OPENS_SOCKET = cMSG_CHANNEL_OPEN + len(OPEN_SOCKET).to_bytes(4, "big") + OPEN_SOCKET
"""How the message begins that opens such a channel."""


class PromptSocket(socket.socket):
    """A TCP socket that acknowledges at once, and remembers when it last heard anything.

    An sshd that only forwards holds small packets back until the one before is acknowledged, and our kernel holds
    acknowledgements back for 40 ms. TCP_QUICKACK does not last: it is asked for again after every read.
    """

    heard_at: float

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Some bytes; at most so many."""
        content = super().recv(size, flags)
        self.heard_at = time.monotonic()
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return content


def prompt_socket(connected: socket.socket) -> PromptSocket:
    """The same connection with prompt acknowledgement; the given object is empty afterwards."""
    prompt = PromptSocket(connected.family, connected.type, connected.proto, fileno=connected.detach())
    prompt.heard_at = time.monotonic()
    prompt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    prompt.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    return prompt


class Transport(paramiko.Transport):
    """Opens channels to ports and unix sockets behind the server, and ends when the server falls silent."""

    def __init__(self, connection: PromptSocket) -> None:
        super().__init__(connection)
        self._connection = connection
        self._one_opens = threading.Lock()
        self._socket_path: str | None = None
        self.set_log_channel(PARAMIKO_LOG)
        self.banner_timeout = self.handshake_timeout = HANDSHAKE_S
        self.auth_timeout, self.channel_timeout = LOGIN_S, CHANNEL_S
        self.get_security_options().ciphers = CIPHERS

    def open_to(self, target: RemotePort | RemoteSocket) -> paramiko.Channel:
        """A channel to a place behind the server; paramiko's ChannelException where the server refuses it."""
        # One after another: paramiko has one place for the reason of a refusal, whoever's it is.
        with self._one_opens:
            if isinstance(target, RemotePort):
                return self.open_channel("direct-tcpip", (target.host, target.port), ("127.0.0.1", 0))
            self._socket_path = target.path
            try:
                return self.open_channel(OPEN_SOCKET.decode())
            finally:
                self._socket_path = None

    def watch(self) -> None:
        """From now on ask the server for a sign of life every second, and close the connection when none comes."""
        for work in (self._ask, self._listen):
            threading.Thread(target=work, name=f"ssh{work.__name__}", daemon=True).start()

    def _send_user_message(self, data: Message) -> None:
        # open_channel writes the message that asks for a channel; for a unix socket it has to go on with its path and two
        # reserved fields (OpenSSH's PROTOCOL, 2.4), which paramiko does not know.
        if self._socket_path is not None and data.asbytes()[: len(OPENS_SOCKET)] == OPENS_SOCKET:
            data.add_string(self._socket_path)
            data.add_string("")
            data.add_int(0)
        super()._send_user_message(data)  # type: ignore[misc]

    def _ask(self) -> None:
        # Any answer will do, a refusal too; paramiko's own set_keepalive asks for none.
        while self.is_active():
            try:
                self.global_request("keepalive@openssh.com", wait=True)
            except SSH_ERRORS:  # the connection ended while we asked
                return
            time.sleep(ASK_EVERY_S)

    def _listen(self) -> None:
        while self.is_active():
            before = time.monotonic()
            time.sleep(LOOK_EVERY_S)
            if time.monotonic() - before > 4 * LOOK_EVERY_S:
                # It was us who stood still, as a suspended laptop does: the server gets a new chance to be heard.
                self._connection.heard_at = time.monotonic()
            elif time.monotonic() - self._connection.heard_at > SILENT_AFTER_S:
                LOG.warning("the SSH server said nothing for %.1f s: the connection is closed", SILENT_AFTER_S)
                self.close()
