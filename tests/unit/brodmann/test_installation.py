"""Where jobs are computed is read from the environment, and decides what runs on this machine."""

from pathlib import Path

from brodmann.installation import Compute, Page, chosen_compute, compute_services, page_services
from brodmann.layout import DataFolder

ELSEWHERE = {
    "BRODMANN_COMPUTE_URL": "ssh://anna@login.example.org/run/http.sock",
    "BRODMANN_COMPUTE_TOKEN_FILE": "/etc/brodmann/token",
    "BRODMANN_SSH_KEY_FILE": "/etc/brodmann/ssh_key",
    "BRODMANN_SSH_KNOWN_HOSTS": "/etc/brodmann/known_hosts",
}


def page(data: DataFolder) -> Page:
    return Page(data=data, host="127.0.0.1", port=8765, webui=Path("webui/dist"))


def test_an_address_in_the_environment_starts_no_compute_service_and_reaches_the_backend_as_it_is(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    with chosen_compute(data, ELSEWHERE | {"PATH": "/bin"}) as compute:
        assert compute.services == ()
        assert "login.example.org" in compute.hint
        assert "anna" not in compute.hint
        backend, monitor = page_services(page(data), compute)
    for service in (backend, monitor):
        assert service.environment.items() >= ELSEWHERE.items()


def test_without_an_address_compute_service_and_poller_run_here_and_the_backend_knows_where(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    data.create()
    with chosen_compute(data, {}) as compute:
        web, poller = compute.services
        assert compute.settings["BRODMANN_COMPUTE_URL"] == f"http://{web.argv[web.argv.index('--bind') + 1]}"
    assert poller.argv[-1] == "compute_service.poller"


def test_a_cluster_s_service_gets_the_cluster_s_settings_and_the_backend_does_not(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    services = compute_services(data, "unix:/run/x.sock", ("--umask", "0077"), {"BRODMANN_CLUSTER_PROFILE": "/p.yaml"})
    assert all(service.environment["BRODMANN_CLUSTER_PROFILE"] == "/p.yaml" for service in services)
    assert " ".join(services[0].argv).endswith("--umask 0077 --bind unix:/run/x.sock compute_service.app:create_app()")
    backend, _ = page_services(page(data), Compute(services=services, settings={"BRODMANN_COMPUTE_URL": "ssh://x@y/z"}))
    assert "BRODMANN_CLUSTER_PROFILE" not in backend.environment
