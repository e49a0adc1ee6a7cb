"""A small HTTP service behind an SSH server: on a unix socket or a port, with answers made to be cut."""

import hashlib
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

LARGE = bytes(range(256)) * 4096  # 1 MiB


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer
    disable_nagle_algorithm = False

    def address_string(self) -> str:
        return "behind ssh"

    def do_GET(self) -> None:
        remote = self.server.remote  # type: ignore[attr-defined]
        remote.asked.append(self.path)
        if self.path == "/health":
            self._answer(json.dumps({"scheduler": "remote"}).encode())
        elif self.path == "/large":
            self._answer(LARGE)
        elif self.path == "/closing":
            self.close_connection = True
            self._answer(LARGE, "close")
        elif self.path == "/half":
            self.send_response(200)
            self.send_header("Content-Length", str(len(LARGE)))
            self.end_headers()
            self.wfile.write(LARGE[: len(LARGE) // 2])
            self.wfile.flush()
            remote.half_sent.set()
            remote.go_on.wait(30)
            self.close_connection = True
        else:
            remote.half_sent.set()
            remote.go_on.wait(30)
            self._answer(self.path.encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.remote.asked.append(self.path)  # type: ignore[attr-defined]
        self._answer(hashlib.sha256(body).hexdigest().encode())

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def _answer(self, body: bytes, connection: str = "keep-alive") -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", connection)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class Remote:
    """What was asked, and events that hold answers back."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.asked: list[str] = []
        self.half_sent = threading.Event()
        self.go_on = threading.Event()


class TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that goes away is what these tests are about."""


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """As above."""


@contextmanager
def remote_service(socket: Path | None = None) -> Iterator[Remote]:
    """The service, and what stands behind the host in its ssh:// address."""
    server = TcpServer(("127.0.0.1", 0), Handler) if socket is None else UnixServer(str(socket), Handler)
    remote = Remote(str(socket) if socket else f"?to=127.0.0.1:{server.server_address[1]}")
    server.remote = remote  # type: ignore[union-attr]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield remote
    finally:
        remote.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
