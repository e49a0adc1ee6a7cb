"""The wire between sshd and the compute service, which can be cut or alter what passes."""

import contextlib
import socket
import threading
from pathlib import Path
from typing import Literal

CHUNK = 1 << 16
Mode = Literal["well", "cut", "alter"]


class Wire:
    """Listens on one unix socket and hands everything on to another. `mode` is for the results that pass from now on."""

    def __init__(self, here: Path, there: Path) -> None:
        self.mode: Mode = "well"
        self.hurt = 0
        self._there = there
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(here))
        self._server.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no further connections."""
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            service = socket.socket(socket.AF_UNIX)
            try:
                service.connect(str(self._there))
            except OSError:
                client.close()
                service.close()
                continue
            asked = threading.Event()  # a result was asked for on this connection
            threading.Thread(target=self._carry, args=(client, service, asked, False), daemon=True).start()
            threading.Thread(target=self._carry, args=(service, client, asked, True), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, asked: threading.Event, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK):
                if not is_answer:
                    (asked.set if b"/results/" in chunk.partition(b"\r\n")[0] else asked.clear)()
                elif asked.is_set() and self.mode != "well" and len(chunk) > 1:
                    self.hurt += 1
                    chunk = chunk[: len(chunk) // 2] if self.mode == "cut" else chunk[:-1] + bytes([chunk[-1] ^ 1])
                    target.sendall(chunk)
                    if self.mode == "cut":
                        break
                    continue
                target.sendall(chunk)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
