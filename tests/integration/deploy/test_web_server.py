"""The web server's configuration in front of a real backend, with TLS and a certificate made for it."""

import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.integration.backend.processes import await_true, free_port, web_process

SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin"
NGINX = shutil.which("nginx", path=SEARCH)
pytestmark = pytest.mark.skipif(
    NGINX is None or shutil.which("openssl") is None, reason="NOT TESTED: nginx is missing: apt-get install nginx-light openssl"
)


def certificate(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": SEARCH, "TLS_FOLDER": str(folder), "TLS_NAME": "localhost"}
    return subprocess.run(["deploy/nginx/certificate"], env=environment, capture_output=True, text=True, check=False)


def configuration(folder: Path, backend: str, ports: tuple[int, int]) -> Path:
    """Ours, with places of this test."""
    text = Path("deploy/nginx/brodmann.conf").read_text()
    places = {
        "server backend:8765": f"server {backend}",
        "listen 8080": f"listen 127.0.0.1:{ports[0]}",
        "listen 8443 ssl": f"listen 127.0.0.1:{ports[1]} ssl",
        "/etc/nginx/tls": str(folder / "tls"),
        "/usr/share/nginx/html": str(folder / "html"),
        "/var/log/nginx": str(folder),
    }
    for ours, here in places.items():
        assert ours in text
        text = text.replace(ours, here)
    temporary = "".join(f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; "
        f"events {{}} http {{ {temporary}\n{text} }}"
    )
    return file


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, Path]]:
    """Address with TLS, address without, certificate."""
    folder = tmp_path_factory.mktemp("web")
    for name in ("html", "brains"):
        (folder / name).mkdir()
    (folder / "html" / "index.html").write_text("the page")
    (folder / "token").write_text("a token for the test of the web server")
    assert certificate(folder / "tls").returncode == 0
    environment = {
        "BRODMANN_BRAINS": str(folder / "brains"),
        "BRODMANN_STORE": str(folder / "store"),
        "BRODMANN_COMPUTE_URL": f"http://127.0.0.1:{free_port()}",
        "BRODMANN_COMPUTE_TOKEN_FILE": str(folder / "token"),
        "BRODMANN_SECURE_COOKIES": "1",
    }
    ports = (free_port(), free_port())
    with web_process("backend.app", environment, folder / "backend.log") as (url, _):
        file = configuration(folder, url.removeprefix("http://"), ports)
        process = subprocess.Popen([str(NGINX), "-c", str(file), "-e", str(folder / "error.log")])
        try:
            plain, safe = (f"http://127.0.0.1:{ports[0]}", f"https://localhost:{ports[1]}")
            await_true(lambda: answers(plain, process, folder), "nginx to answer")
            yield safe, plain, folder / "tls" / "certificate.pem"
        finally:
            process.terminate()
            process.wait(20)


def answers(url: str, process: "subprocess.Popen[bytes]", folder: Path) -> bool:
    assert process.poll() is None, (folder / "error.log").read_text()
    try:
        return requests.get(url, allow_redirects=False, timeout=5).status_code > 0
    except requests.ConnectionError:
        return False


def test_page_and_api_answer_over_tls_and_nothing_but_the_way_there_without(server: tuple[str, str, Path]) -> None:
    safe, plain, trusted = server
    page = requests.get(f"{safe}/p/demo", verify=trusted, timeout=10)
    assert page.text == "the page"
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert requests.get(f"{safe}/api/health", verify=trusted, timeout=10).json()["status"] == "degraded"
    answer = requests.get(f"{plain}/api/health", allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (308, "https://127.0.0.1/api/health")


def test_a_certificate_that_is_there_stays_and_half_of_one_is_refused(tmp_path: Path) -> None:
    assert certificate(tmp_path).returncode == 0
    key, made = tmp_path / "key.pem", (tmp_path / "certificate.pem").read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert certificate(tmp_path).returncode == 0
    assert (tmp_path / "certificate.pem").read_bytes() == made
    key.unlink()
    refused = certificate(tmp_path)
    assert refused.returncode == 1
    assert re.search("without its key", refused.stderr)
