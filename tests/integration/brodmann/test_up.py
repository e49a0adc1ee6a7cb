"""`brodmann up` with a compute service that somebody else runs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.integration.backend.processes import ROOT, free_port


def test_a_compute_service_elsewhere_that_is_away_keeps_nobody_from_the_page(tmp_path: Path) -> None:
    data, webui = tmp_path / "data", tmp_path / "webui"
    webui.mkdir()
    (webui / "index.html").write_text("the page")
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [sys.executable, "-m", "brodmann", "up", "--port", "0", "--data", str(data), "--webui", str(webui)],
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "BRODMANN_COMPUTE_URL": f"http://{address}"},
        stdout=subprocess.PIPE,
        text=True,
    )
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
