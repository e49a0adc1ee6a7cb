"""The habits of a socket, on a channel in memory."""

import pytest
from paramiko import SSHException

from backend.clients.ssh.channel import PIECE_BYTES, ChannelSocket
from backend.clients.ssh.errors import NotSentError


class MemoryChannel:
    """Gives what it was filled with, and takes at most `room` bytes at a time."""

    def __init__(self, content: bytes = b"", room: int = 1 << 20) -> None:
        self.content, self.room = content, room
        self.sent: list[bytes] = []
        self.closed = False
        self.eof_received = 0

    def recv(self, size: int, /) -> bytes:
        taken, self.content = self.content[:size], self.content[size:]
        return b"" if self.closed else taken

    def recv_ready(self) -> bool:
        return bool(self.content)

    def send(self, content: bytes, /) -> int:
        self.sent.append(content[: self.room])
        return len(self.sent[-1])

    def settimeout(self, timeout_s: float | None, /) -> None:
        self.timeout_s = timeout_s

    def gettimeout(self) -> float | None:
        return self.timeout_s

    def shutdown(self, how: int, /) -> None:
        self.how = how

    def close(self) -> None:
        self.closed = True


def test_what_is_unread_survives_closing_as_long_as_a_file_reads() -> None:
    channel = MemoryChannel(b"the reply")
    socket = ChannelSocket(channel)
    reader = socket.makefile("rb")
    socket.close()
    assert not channel.closed
    channel.eof_received = 1
    assert reader.read() == b"the reply"
    reader.close()
    reader.close()
    assert channel.closed


def test_without_readers_closing_closes() -> None:
    channel = MemoryChannel()
    ChannelSocket(channel).close()
    assert channel.closed


def test_an_end_that_is_not_the_servers_is_an_error_not_an_end() -> None:
    channel = MemoryChannel()
    with pytest.raises(ConnectionResetError):
        ChannelSocket(channel).recv(10)
    channel.eof_received = 1
    assert ChannelSocket(channel).recv(10) == b""


def test_a_large_body_goes_in_pieces_and_whole() -> None:
    channel, body = MemoryChannel(room=10_000), bytes(range(256)) * 1000
    ChannelSocket(channel).sendall(body)
    assert b"".join(channel.sent) == body
    assert max(map(len, channel.sent)) <= PIECE_BYTES


def test_a_channel_closed_before_the_first_byte_has_sent_nothing() -> None:
    channel = MemoryChannel()
    socket = ChannelSocket(channel)
    channel.close()
    with pytest.raises(NotSentError):
        socket.sendall(b"POST")


def test_a_channel_closed_later_may_have_sent_something() -> None:
    channel = MemoryChannel()
    socket = ChannelSocket(channel)
    socket.sendall(b"POST")
    channel.close()
    with pytest.raises(ConnectionResetError):
        socket.sendall(b"more")


@pytest.mark.parametrize("error", [EOFError(), OSError("Socket is closed"), SSHException("gone")])
def test_a_connection_that_breaks_is_told_as_sockets_do(error: Exception) -> None:
    class Broken(MemoryChannel):
        def recv(self, size: int, /) -> bytes:
            raise error

        def send(self, content: bytes, /) -> int:
            if content != b"POST":
                raise error
            return super().send(content)

        def close(self) -> None:
            raise error

    fresh, used = ChannelSocket(Broken()), ChannelSocket(Broken())
    used.sendall(b"POST")
    with pytest.raises(NotSentError):
        fresh.sendall(b"GET")
    with pytest.raises(ConnectionResetError):
        used.sendall(b"more")
    with pytest.raises(ConnectionResetError):
        used.recv(10)
    used.close()


def test_a_timeout_stays_a_timeout() -> None:
    class Full(MemoryChannel):
        def send(self, content: bytes, /) -> int:
            raise TimeoutError

        def recv(self, size: int, /) -> bytes:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        ChannelSocket(Full()).sendall(b"POST")
    with pytest.raises(TimeoutError):
        ChannelSocket(Full()).recv(10)


def test_a_channel_that_takes_nothing_more_is_no_endless_loop() -> None:
    with pytest.raises(NotSentError):
        ChannelSocket(MemoryChannel(room=0)).sendall(b"POST")


def test_only_an_open_and_empty_channel_takes_another_request() -> None:
    channel = MemoryChannel()
    socket = ChannelSocket(channel)
    assert socket.is_idle
    channel.content = b"unasked for"
    assert not socket.is_idle
    channel.content, channel.eof_received = b"", 1
    assert not socket.is_idle
    channel.eof_received = 0
    socket.close()
    assert not socket.is_idle


def test_it_is_read_as_bytes_only() -> None:
    with pytest.raises(ValueError, match="bytes"):
        ChannelSocket(MemoryChannel()).makefile("w")
