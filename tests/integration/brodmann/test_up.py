"""`brodmann up` with a compute service that somebody else runs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.backend.processes import ROOT, free_port


@pytest.fixture
def webui(tmp_path: Path) -> Path:
    folder = tmp_path / "webui"
    folder.mkdir()
    (folder / "index.html").write_text("the page")
    return folder


def up(data: Path, webui: Path, compute_url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "brodmann", "up", "--port", "0", "--data", str(data), "--webui", str(webui)],
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "BRODMANN_COMPUTE_URL": compute_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_settings_that_cannot_be_are_told_at_once(tmp_path: Path, webui: Path) -> None:
    process = up(tmp_path / "data", webui, "ssh://anna@login.example.org/run/http.sock")
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "BRODMANN_SSH_KNOWN_HOSTS" in told
    assert "BRODMANN_SSH_KEY_FILE" in told
    assert not (tmp_path / "data" / "logs" / "backend.log").exists()


def test_a_compute_service_elsewhere_that_is_away_keeps_nobody_from_the_page(tmp_path: Path, webui: Path) -> None:
    data, address = tmp_path / "data", f"127.0.0.1:{free_port()}"
    process = up(data, webui, f"http://{address}")
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        assert lines[0].startswith("Brodmann is at http://127.0.0.1:")
        assert address in lines[1]
        assert lines[2].startswith("The way to the compute service does not hold now.")
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0, rest
    assert not (data / "services.json").exists()
    assert {file.name for file in (data / "logs").iterdir()} == {"backend.log", "monitor.log"}
