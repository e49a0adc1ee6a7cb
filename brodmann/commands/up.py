"""`brodmann up`: start every service of one installation and keep them running."""

import fcntl
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

import click
import requests

from brodmann.demo import compute_missing, demo_brain, prepare_demo
from brodmann.layout import DataFolder, data_option
from brodmann.supervisor import Service, Supervisor

READY_WITHIN_S = 60.0
TEND_EVERY_S = 0.2


@click.command(epilog="Example: brodmann up --demo --port 8765")
@data_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; loopback unless a proxy needs another."
)
@click.option(
    "--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="Port of the page; 0 takes a free one."
)
@click.option("--demo", is_flag=True, help="Build the demo brain and its project when they are not there yet.")
@click.option("--demo-preset", default="demo", show_default=True, help="Which phantom the demo is built from.")
@click.option(
    "--webui",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("webui/dist"),
    show_default=True,
    help="The built web interface.",
)
def command(data: DataFolder, host: str, port: int, demo: bool, demo_preset: str, webui: Path) -> None:
    """Start the page, the API, the monitor and the compute service; Ctrl-C stops them all."""
    if not (webui / "index.html").is_file():
        raise click.ClickException(f"the web interface is not built in {webui}; run `make setup` first")
    data.create()
    with _only_one(data):
        os.environ.update(data.environment())
        login_hint = prepare_demo(data, demo_preset) if demo else "log in with your account"
        page_port, compute_port = port or free_port(), free_port()
        _refuse_used(host, page_port)
        supervisor = Supervisor()
        stop = _stop_on_signals()
        try:
            for service in services(data, host, page_port, compute_port, webui.resolve()):
                supervisor.start(service)
            _wait_until_ready(supervisor, host, page_port, stop, data)
            if demo:
                compute_missing(demo_brain(demo_preset), partial(_tended, supervisor, stop))
            if not stop.is_set():
                click.echo(f"Brodmann is at http://{host}:{page_port} - {login_hint}. Ctrl-C stops it.")
            told: dict[str, int] = {}
            while not stop.is_set():
                if supervisor.pids() != told:
                    told = supervisor.pids()
                    _tell_pids(data, told)
                _tended(supervisor, stop)
        finally:
            supervisor.stop()
            data.services_file.unlink(missing_ok=True)
            _interrupt_jobs()


def services(data: DataFolder, host: str, page_port: int, compute_port: int, webui: Path) -> list[Service]:
    """Every process of one installation, in the order they start."""
    environment = data.environment() | {
        "BRODMANN_COMPUTE_URL": f"http://127.0.0.1:{compute_port}",
        "BRODMANN_WEBUI": str(webui),
        # One numeric thread per web worker; jobs set their own.
        "OMP_NUM_THREADS": "1",
    }
    gunicorn = [sys.executable, "-m", "gunicorn"]
    commands = {
        "compute": [
            *gunicorn,
            *("--worker-class", "gthread", "--threads", "4", "--no-control-socket", "--bind", f"127.0.0.1:{compute_port}"),
            "compute_service.app:create_app()",
        ],
        "poller": [sys.executable, "-m", "compute_service.poller"],
        "backend": [
            *gunicorn,
            *("--config", "python:backend.gunicorn_conf", "--bind", f"{host}:{page_port}"),
            "backend.app:create_app()",
        ],
        "monitor": [sys.executable, "-m", "backend.monitor"],
    }
    return [
        Service(name=name, argv=argv, environment=environment, log_file=data.logs / f"{name}.log")
        for name, argv in commands.items()
    ]


def _tended(supervisor: Supervisor, stop: threading.Event) -> bool:
    """Look after the services once, and rest; False when it is time to stop."""
    supervisor.tend()
    return not stop.wait(TEND_EVERY_S)


def _interrupt_jobs() -> None:
    """Nothing goes on behind the user's back: running jobs write a checkpoint, end, and go on at the next start."""
    from compute_service import settings, wiring

    wiring.interrupt_jobs(settings.Settings.from_environment(os.environ))


def _tell_pids(data: DataFolder, pids: dict[str, int]) -> None:
    """Keep `services.json` true, for people and programs that look after the processes."""
    partial = data.services_file.with_suffix(".partial")
    partial.write_text(json.dumps(pids))
    partial.rename(data.services_file)


def free_port() -> int:
    """A loopback port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _only_one(data: DataFolder) -> Iterator[None]:
    """Hold the data folder's lock; a second `up` on the same folder is refused."""
    with (data.root / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(
                f"Brodmann already runs on {data.root}; stop it with Ctrl-C in its terminal, or give another --data"
            ) from None
        yield


def _refuse_used(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"port {port} on {host} cannot be used ({error.strerror}); give another --port"
            ) from None


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def request_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, request_stop)
    return stop


def _wait_until_ready(supervisor: Supervisor, host: str, port: int, stop: threading.Event, data: DataFolder) -> None:
    """Wait until the backend answers and reaches the compute service."""
    deadline = time.monotonic() + READY_WITHIN_S
    while not stop.is_set():
        try:
            health = requests.get(f"http://{host}:{port}/api/health", timeout=2).json()
            if health.get("status") == "ok":
                return
        except (requests.RequestException, ValueError):
            health = {"status": "not answering"}
        if time.monotonic() > deadline:
            raise click.ClickException(f"the services did not come up ({health}); their logs are in {data.logs}")
        supervisor.tend()
        stop.wait(TEND_EVERY_S)
