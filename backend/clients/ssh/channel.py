"""A channel of an SSH connection with the habits of a socket that http.client relies on."""

import io
from contextlib import suppress
from typing import Protocol

from backend.clients.ssh.errors import SSH_ERRORS, NotSentError

# paramiko copies all that is left for every packet: given at once, an upload takes quadratic time.
PIECE_BYTES = 1 << 15
BUFFER_BYTES = 1 << 16


class Channel(Protocol):
    """What is used of a paramiko channel."""

    @property
    def closed(self) -> bool: ...  # noqa: D102 - by us or by the server
    @property
    def eof_received(self) -> int: ...  # noqa: D102 - the server has nothing more to say
    def recv(self, size: int, /) -> bytes: ...  # noqa: D102 - as socket.recv
    def recv_ready(self) -> bool: ...  # noqa: D102
    def send(self, content: bytes, /) -> int: ...  # noqa: D102 - as socket.send
    def settimeout(self, timeout_s: float | None, /) -> None: ...  # noqa: D102
    def gettimeout(self) -> float | None: ...  # noqa: D102
    def shutdown(self, how: int, /) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class ChannelSocket:
    """Counts who reads from it: http.client closes the socket while its file still reads the reply.

    A channel, unlike a socket, drops what has not been read when it is closed.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._readers = 0
        self._closed = False
        self._sent = False

    @property
    def is_idle(self) -> bool:
        """Open, with nothing to read: another request may be sent."""
        channel = self._channel
        return not (self._closed or channel.closed or channel.eof_received or channel.recv_ready())

    def makefile(self, mode: str = "rb", _buffering: int = -1) -> io.BufferedReader:
        """A file to read from; the channel stays open until it is closed too."""
        if mode not in ("r", "rb"):
            raise ValueError(f"a channel is read as bytes, not {mode!r}")
        self._readers += 1
        return io.BufferedReader(_Reader(self), BUFFER_BYTES)

    def recv(self, size: int, _flags: int = 0) -> bytes:
        """Some bytes, none at the end. ConnectionResetError where the end is not the server's: the rest is missing."""
        try:
            content = self._channel.recv(size)
        except TimeoutError:
            raise
        except SSH_ERRORS as error:  # reading sends too: that there is room again
            raise ConnectionResetError("the SSH connection broke while an answer was read") from error
        if not content and not self._channel.eof_received:
            raise ConnectionResetError("the SSH connection broke while an answer was awaited")
        return content

    def sendall(self, content: bytes) -> None:
        """Send all. NotSentError when nothing of a request has left, else ConnectionResetError."""
        view = memoryview(content).cast("B")
        for start in range(0, len(view), PIECE_BYTES):
            self._send(bytes(view[start : start + PIECE_BYTES]))

    def settimeout(self, timeout_s: float | None) -> None:
        """Of reads and writes from now on; None waits for ever."""
        self._channel.settimeout(timeout_s)

    def gettimeout(self) -> float | None:
        """The same."""
        return self._channel.gettimeout()

    def shutdown(self, how: int) -> None:
        """As of a socket."""
        with suppress(*SSH_ERRORS):  # the connection is gone already
            self._channel.shutdown(how)

    def close(self) -> None:
        """Close, as soon as nobody reads any more."""
        self._closed = True
        if self._readers == 0:
            with suppress(*SSH_ERRORS):  # the connection is gone already
                self._channel.close()

    def reader_closed(self) -> None:
        """One reader less."""
        self._readers -= 1
        if self._closed:
            self.close()

    def _send(self, piece: bytes) -> None:
        while piece:
            if (count := self._taken(piece)) == 0:
                raise ConnectionResetError("the SSH connection broke while a request was sent")
            self._sent = True
            piece = piece[count:]

    def _taken(self, piece: bytes) -> int:
        """How much of it was sent. A packet that could not be written whole cannot be read by the server: it is not sent."""
        try:
            count = 0 if self._channel.closed else self._channel.send(piece)
        except TimeoutError:
            raise
        except SSH_ERRORS:
            count = 0
        if count == 0 and not self._sent:
            raise NotSentError("the SSH connection broke before a request was sent")
        return count


class _Reader(io.RawIOBase):
    def __init__(self, owner: ChannelSocket) -> None:
        super().__init__()
        self._owner = owner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        content = self._owner.recv(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._owner.reader_closed()
