"""A MongoDB-compatible server for one test session: the test package's, as a process of its own on a free port."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

OPTIONS = "directConnection=true&w=1&journal=true&retryWrites=false&maxIdleTimeMS=240000"
PATIENCE_S = 60.0
CACHE_SIZE = "256M"  # the least that MongoDB's own server gives itself
PROGRAM = Path(sys.executable).with_name("secantusd-py")


@contextmanager
def test_server() -> Iterator[str]:
    """Its address without a database, as `mongodb://host:port/{database}?options`, to be formatted."""
    folder = Path(tempfile.mkdtemp(prefix="brodmann-mongo-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        with running(folder, port):
            yield f"mongodb://127.0.0.1:{port}/{{database}}?{OPTIONS}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The server on this port with its data in a folder, where it may have left them before."""
    command = [str(PROGRAM), "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(folder / "data")]
    options = ["--standalone", "--cache-size", CACHE_SIZE, "--log-level", "WARNING"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([*command, *options], stdout=log, stderr=log, cwd=folder, env={**os.environ})
    try:
        _await_answer(port, process, folder / "log")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_answer(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            client: MongoClient[dict[str, object]]
            with MongoClient(f"mongodb://127.0.0.1:{port}/?directConnection=true", serverSelectionTimeoutMS=300) as client:
                client.admin.command("ping")
                return
        except PyMongoError:
            assert process.poll() is None, f"the MongoDB test server ended: {log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, f"the MongoDB test server does not answer: {log.read_text()[-2000:]}"
