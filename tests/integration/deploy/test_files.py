"""Deployment files are read by the programs they are for, where these are installed."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.addresses import ssh_address

SYSTEMD, COMPOSE = Path("deploy/systemd"), Path("deploy/compose")
SETTINGS = {
    "BRODMANN_COMPUTE_URL": "ssh://brodmann@login.example.org/p/run/http.sock",
    "BRODMANN_USER": "1234:1234",
    "BRODMANN_BRAINS": "/p/brains",
    "BRODMANN_JOBS": "/p/jobs",
    "BRODMANN_CLUSTER_PROFILE": "/p/cluster.yaml",
}


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="NOT TESTED: systemd-analyze is missing: apt-get install systemd"
)
def test_systemd_takes_every_line_of_the_units(tmp_path: Path) -> None:
    (tmp_path / "brodmann").mkdir()
    (tmp_path / "brodmann" / "compute.env").touch()
    shutil.copy("deploy/cluster/with-current", tmp_path / "brodmann")
    units = [shutil.copy(unit, tmp_path) for unit in SYSTEMD.iterdir()]
    verified = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify", *units],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (verified.returncode, verified.stderr) == (0, "")


def merged(folder: Path, *files: str) -> Any:
    """What compose makes of the files; its first version does not know the project's name at the top."""
    for name in ("compute_token", "session", "ssh_key", "known_hosts"):
        (folder / "data" / "secrets").mkdir(parents=True, exist_ok=True)
        (folder / "data" / "secrets" / name).touch()
    base = folder / "docker-compose.yml"
    base.write_text(re.sub(r"^name:.*\n", "", Path("docker-compose.yml").read_text(), flags=re.MULTILINE))
    names = [part for file in (str(base), *(str(COMPOSE / name) for name in files)) for part in ("-f", file)]
    command = ["docker-compose", "--project-directory", str(folder), *names, "config"]
    told = subprocess.run(command, env=os.environ | SETTINGS, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return yaml.safe_load(told.stdout)


needs_compose = pytest.mark.skipif(
    shutil.which("docker-compose") is None, reason="NOT TESTED: docker-compose is missing: apt-get install docker-compose"
)


@needs_compose
def test_nobody_but_backend_and_monitor_reaches_the_database(tmp_path: Path) -> None:
    config = merged(tmp_path)
    services, network = config["services"], config["networks"]["database"]
    assert {name for name, one in services.items() if "database" in one["networks"]} == {"mongo", "backend", "monitor"}
    assert network["internal"] is True


@needs_compose
def test_the_web_server_alone_is_reached_from_outside_and_on_loopback_unless_told_otherwise(tmp_path: Path) -> None:
    services = merged(tmp_path)["services"]
    assert [name for name, one in services.items() if "ports" in one] == ["webui"]
    assert services["webui"]["ports"] == ["127.0.0.1:8443:8443/tcp", "127.0.0.1:8080:8080/tcp"]


@needs_compose
def test_with_a_cluster_behind_ssh_no_compute_service_starts_and_the_backend_has_key_and_known_hosts(tmp_path: Path) -> None:
    services = merged(tmp_path, "ssh.yml")["services"]
    assert {name for name, one in services.items() if not one.get("profiles")} == {"mongo", "backend", "monitor", "webui"}
    for name in ("backend", "monitor"):
        environment = services[name]["environment"]
        assert isinstance(environment, dict)
        assert ssh_address(environment["BRODMANN_COMPUTE_URL"]) is not None
        assert environment["BRODMANN_COMPUTE_TOKEN_FILE"] == "/run/secrets/compute_token"
        assert "ssh_key" in str(services[name]["secrets"])
        assert "known_hosts" in str(services[name]["secrets"])


@needs_compose
def test_with_slurm_the_service_sees_folders_under_the_names_that_nodes_see(tmp_path: Path) -> None:
    services = merged(tmp_path, "slurm.yml")["services"]
    for name in ("compute", "poller"):
        volumes = str(services[name]["volumes"])
        assert "/p/jobs:/p/jobs" in volumes
        assert "/p/brains:/p/brains:ro" in volumes
        assert services[name]["user"] == "1234:1234"
    assert "/p/brains:/data/brains" in str(services["backend"]["volumes"])


@needs_compose
def test_jobs_get_the_gpus_where_they_are_asked_for(tmp_path: Path) -> None:
    assert "nvidia" in str(merged(tmp_path, "gpu.yml")["services"]["poller"])


@pytest.mark.parametrize("image", sorted(Path("deploy/docker").iterdir()), ids=lambda file: file.stem)
def test_an_image_is_made_of_files_that_are_there_and_let_into_its_build(image: Path) -> None:
    let_in = [line[1:] for line in Path(".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", image.read_text(), flags=re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    assert sources
    for source in sources:
        assert Path(source).exists()
        assert any(Path(source).is_relative_to(name) for name in let_in), f"{source} is kept out by .dockerignore"
