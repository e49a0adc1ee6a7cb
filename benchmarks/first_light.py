"""Figures of the first way through: the page, the tiles, and with time, the demo's training and prediction.

Example: python -m benchmarks.first_light --quick --json figures.json
"""

import argparse
import http.client
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import requests
from playwright.sync_api import sync_playwright

from benchmarks.figures import Figure, run
from core.contracts.datasets import TilePyramid

CLIENTS = 8
TILES_PER_CLIENT = 300
FIRST_LOADS = 3
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def product(data: Path, preset: str) -> Iterator[tuple[str, str, str]]:
    """A running installation: address, user and a password."""
    command = [sys.executable, "-m", "brodmann", "up", "--demo", "--demo-preset", preset, "--port", "0", "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        words = process.stdout.readline().split()
        yield words[3], words[words.index("as") + 1], words[words.index("password") + 1].rstrip(".")
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def first_load_s(url: str) -> float:
    """Seconds from navigation to a visible login form, with an empty cache; the median of a few."""
    times = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        for _ in range(FIRST_LOADS):
            page = browser.new_context().new_page()
            started = time.perf_counter()
            page.goto(url)
            page.get_by_test_id("login-form").wait_for()
            times.append(time.perf_counter() - started)
            page.context.close()
        browser.close()
    return float(np.median(times))


def tile_p95_ms(url: str, user: str, password: str) -> float:
    """95th percentile of a tile's answer with parallel clients, each a process that asks for random tiles, in ms."""
    session = requests.Session()
    session.post(f"{url}/api/session", json={"name": user, "password": password}, timeout=10).raise_for_status()
    brain = session.get(f"{url}/api/brains", timeout=10).json()["brains"][0]
    base = f"{url}/api/brains/{brain['id']}/sections"
    addresses = [
        f"/api/brains/{pyramid.brain}/sections/{pyramid.section}/tiles/{pyramid.version}/{level.level}/{column}/{row}"
        for section in brain["sections"]
        for pyramid in [TilePyramid.model_validate(session.get(f"{base}/{section['number']}/pyramid", timeout=30).json())]
        for level in pyramid.levels
        for column in range(-(-level.width_px // pyramid.tile_size_px))
        for row in range(-(-level.height_px // pyramid.tile_size_px))
    ]
    cookie = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
    ask = partial(_ask_tiles, urlsplit(url).netloc, cookie, addresses)
    with get_context("spawn").Pool(CLIENTS) as clients:
        times_ms = [time_ms for times in clients.map(ask, range(CLIENTS), chunksize=1) for time_ms in times]
    return float(np.percentile(times_ms, 95))


def _ask_tiles(host: str, cookie: str, addresses: Sequence[str], seed: int) -> list[float]:
    random = np.random.default_rng(seed)
    connection = http.client.HTTPConnection(host, timeout=30)
    times_ms = []
    for address in random.choice(np.asarray(addresses), TILES_PER_CLIENT):
        started = time.perf_counter()
        connection.request("GET", str(address), headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        times_ms.append(1000 * (time.perf_counter() - started))
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"{address} answered {answer.status}")
    return times_ms


def measure(options: argparse.Namespace) -> list[Figure]:
    """The quick figures on a tiny phantom, the others on the demo brain."""
    with tempfile.TemporaryDirectory() as folder, product(Path(folder) / "data", "tiny") as (url, user, password):
        figures = [
            Figure("page.first_load_s", first_load_s(url), "s", 1.5),
            Figure("tile.http_p95_ms", tile_p95_ms(url, user, password), "ms", 20.0),
        ]
    if not options.quick:
        from benchmarks.demo_model import demo_model_figures  # noqa: PLC0415 - loads torch

        figures += demo_model_figures(options.brain, options.work)
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brain", type=Path, default=Path("data/brains/B20"), help="the demo brain; built where missing")
    parser.add_argument("--work", type=Path, default=Path("build/first_light"), help="folder for the model and the picture")
    run(measure, parser)
