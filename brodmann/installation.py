"""The processes of one installation: started, looked after until somebody says stop, and ended.

Where jobs are computed is a choice of the caller: on this machine, elsewhere, or on the cluster of a demonstration.
"""

import fcntl
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import FrameType

import click
import requests

from backend.settings import from_environment
from brodmann.demo import compute_missing, demo_brain, prepare_demo
from brodmann.layout import DataFolder
from brodmann.supervisor import Service, Supervisor

READY_WITHIN_S = 60.0
TEND_EVERY_S = 0.2
GUNICORN = (sys.executable, "-m", "gunicorn")
# One numeric thread per web worker; jobs set their own.
OF_EVERY_SERVICE = {"OMP_NUM_THREADS": "1"}
# An address of the compute service in the environment means that it runs elsewhere, with a token of its own.
COMPUTE_URL, COMPUTE_TOKEN = "BRODMANN_COMPUTE_URL", "BRODMANN_COMPUTE_TOKEN_FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What people see of an installation."""

    data: DataFolder
    host: str
    port: int
    """0 takes a free one."""
    webui: Path
    """Folder of the built web interface."""
    demo_preset: str | None = None
    """The phantom that the demo is made of; None: no demo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compute:
    """Where jobs are computed."""

    services: Sequence[Service] = ()
    """What must run on this machine for that; nothing where others look after it."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the backend must know to get there."""
    hint: str = ""
    """Told beside the page's address."""


def chosen_compute(data: DataFolder, environment: Mapping[str, str]) -> AbstractContextManager[Compute]:
    """Elsewhere where the environment names an address, else on this machine."""
    return compute_elsewhere(environment) if environment.get(COMPUTE_URL) else compute_here(data)


@contextmanager
def compute_here(data: DataFolder) -> Iterator[Compute]:
    """A compute service of this installation alone, on a free loopback port."""
    address = f"127.0.0.1:{free_port()}"
    try:
        yield Compute(services=compute_services(data, address), settings={COMPUTE_URL: f"http://{address}"})
    finally:
        _interrupt_jobs(data)


@contextmanager
def compute_elsewhere(environment: Mapping[str, str]) -> Iterator[Compute]:
    """A compute service that somebody else runs; nothing of it is started or stopped here."""
    names = (COMPUTE_URL, COMPUTE_TOKEN, "BRODMANN_SSH_KEY_FILE", "BRODMANN_SSH_KNOWN_HOSTS")
    settings = {name: environment[name] for name in names if environment.get(name)}
    # Its password, should somebody have written one into the address, is not for a terminal.
    place = settings[COMPUTE_URL].rpartition("@")[2]
    yield Compute(settings=settings, hint=f"Jobs are computed at {place}; `brodmann cluster check` walks the way there.")


def compute_services(
    data: DataFolder, bind: str, options: Sequence[str] = (), settings: Mapping[str, str] | None = None
) -> list[Service]:
    """The compute service's web process at an address, and its poller."""
    environment = data.environment() | OF_EVERY_SERVICE | dict(settings or {})
    web = (*GUNICORN, "--worker-class", "gthread", "--threads", "4", "--no-control-socket", *options, "--bind", bind)
    commands: dict[str, Sequence[str]] = {
        "compute": (*web, "compute_service.app:create_app()"),
        "poller": (sys.executable, "-m", "compute_service.poller"),
    }
    return _services(data, commands, environment)


def page_services(page: Page, compute: Compute) -> list[Service]:
    """The backend, which serves the page too, and its monitor."""
    environment = page.data.environment() | OF_EVERY_SERVICE | dict(compute.settings)
    environment["BRODMANN_WEBUI"] = str(page.webui.resolve())
    bind = ("--config", "python:backend.gunicorn_conf", "--bind", f"{page.host}:{page.port}")
    commands: dict[str, Sequence[str]] = {
        "backend": (*GUNICORN, *bind, "backend.app:create_app()"),
        "monitor": (sys.executable, "-m", "backend.monitor"),
    }
    return _services(page.data, commands, environment)


def _services(data: DataFolder, commands: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> list[Service]:
    return [
        Service(name=name, argv=argv, environment=environment, log_file=data.logs / f"{name}.log")
        for name, argv in commands.items()
    ]


def serve(page: Page, where: AbstractContextManager[Compute]) -> None:
    """Start everything, say where it is, and keep it running until INT or TERM; then end everything."""
    if not (page.webui / "index.html").is_file():
        raise click.ClickException(f"the web interface is not built in {page.webui}; run `make setup` first")
    page.data.create()
    with _only_one(page.data):
        os.environ.update(page.data.environment())
        page = replace(page, port=page.port or free_port())
        login_hint = prepare_demo(page.data, page.demo_preset) if page.demo_preset else "log in with your account"
        _refuse_used(page.host, page.port)
        with where as compute:
            os.environ.update(compute.settings)
            from_environment()  # what is wrong is told here, and not in a log
            _run(page, compute, login_hint)


def _run(page: Page, compute: Compute, login_hint: str) -> None:
    supervisor = Supervisor()
    stop = _stop_on_signals()
    try:
        for service in (*compute.services, *page_services(page, compute)):
            supervisor.start(service)
        away = _wait_until_ready(supervisor, page, stop, needs_compute=bool(compute.services))
        if page.demo_preset and not away:
            compute_missing(demo_brain(page.demo_preset), partial(_tended, supervisor, stop))
        if not stop.is_set():
            click.echo(f"Brodmann is at http://{page.host}:{page.port} - {login_hint}. Ctrl-C stops it.")
            for line in (compute.hint, away):
                if line:
                    click.echo(line)
        told: dict[str, int] = {}
        while not stop.is_set():
            if supervisor.pids() != told:
                told = supervisor.pids()
                _tell_pids(page.data, told)
            _tended(supervisor, stop)
    finally:
        supervisor.stop()
        page.data.services_file.unlink(missing_ok=True)


def _tended(supervisor: Supervisor, stop: threading.Event) -> bool:
    """Look after the services once, and rest; False when it is time to stop."""
    supervisor.tend()
    return not stop.wait(TEND_EVERY_S)


def _interrupt_jobs(data: DataFolder) -> None:
    """Nothing goes on behind the user's back: running jobs write a checkpoint, end, and go on at the next start."""
    from compute_service import settings, wiring

    wiring.interrupt_jobs(settings.Settings.from_environment(os.environ | data.environment()))


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
    """Hold the data folder's lock; a second installation on the same folder is refused."""
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


def _wait_until_ready(supervisor: Supervisor, page: Page, stop: threading.Event, *, needs_compute: bool) -> str:
    """Wait until the backend answers, and reaches a compute service that is ours; why it does not reach another's, in words."""
    deadline = time.monotonic() + READY_WITHIN_S
    while not stop.is_set():
        try:
            health = requests.get(f"http://{page.host}:{page.port}/api/health", timeout=10).json()
            if health.get("status") == "ok":
                return ""
            if not needs_compute and "compute_reason" in health:
                return f"The way to the compute service does not hold now. {health['compute_reason']}"
        except (requests.RequestException, ValueError):
            health = {"status": "not answering"}
        if time.monotonic() > deadline:
            raise click.ClickException(f"the services did not come up ({health}); their logs are in {page.data.logs}")
        supervisor.tend()
        stop.wait(TEND_EVERY_S)
    return ""
