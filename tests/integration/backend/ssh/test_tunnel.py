"""HTTP over channels of a real sshd that lets in, restricts and refuses."""

import hashlib
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from backend.addresses import ssh_address
from backend.clients.ssh.adapter import BASE_URL
from backend.clients.ssh.errors import LinkError
from backend.clients.ssh.link import Credentials, Link
from brodmann.lab.sshd import SshdLab, sshd_missing
from tests.integration.backend.processes import await_true
from tests.integration.backend.ssh.remote import LARGE, Remote, remote_service
from tests.integration.backend.ssh.way import get, link_to, refusal, session_over, through

pytestmark = pytest.mark.skipif(bool(sshd_missing()), reason=sshd_missing())


def test_requests_share_one_login_and_one_channel(session: requests.Session, lab: SshdLab) -> None:
    lab.log()
    before = lab.log().count("Accepted publickey")
    for _ in range(3):
        assert get(session, "/health").json() == {"scheduler": "remote"}
    assert get(session, "/large").content == LARGE
    assert lab.log().count("Accepted publickey") == before + 1


def test_a_large_body_arrives_whole(session: requests.Session) -> None:
    body = LARGE * 8 + b"end"
    assert session.post(BASE_URL + "/jobs", data=body, timeout=30).text == hashlib.sha256(body).hexdigest()


def test_a_reply_that_closes_the_connection_is_read_to_its_end(session: requests.Session) -> None:
    for _ in range(5):
        assert get(session, "/closing").content == LARGE


def test_sixteen_threads_ask_at_once_over_one_login(link: Link, lab: SshdLab) -> None:
    before = lab.log().count("Accepted publickey")

    def ask(number: int) -> list[int]:
        with session_over(link) as own:
            return [len(get(own, "/large").content) if number % 2 else len(get(own, "/health").content) for _ in range(5)]

    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(ask, range(16)))
    assert {len(answers) for answers in found} == {5}
    assert all(set(answers) == {len(LARGE)} for answers in found[1::2])
    assert lab.log().count("Accepted publickey") == before + 1


def test_a_key_restricted_to_forwarding_reaches_a_unix_socket(lab: SshdLab, tmp_path: Path) -> None:
    lab.allow('restrict,port-forwarding,command="/bin/false"')
    with remote_service(tmp_path / "http.sock") as remote, through(lab, remote) as session:
        assert get(session, "/health").ok


def test_a_key_restricted_to_one_port_reaches_that_and_no_other(lab: SshdLab, port: Remote) -> None:
    permitted = port.target.removeprefix("?to=")
    lab.allow(f'restrict,port-forwarding,permitopen="{permitted}",command="/bin/false"')
    with through(lab, port) as session:
        assert get(session, "/health").ok
    with remote_service() as other:
        refused = refusal(lab, other)
    assert refused.hop == "forward"
    assert "permitopen" in refused.message


def test_a_key_without_forwarding_is_told_what_it_lacks(lab: SshdLab, port: Remote) -> None:
    lab.allow("restrict")
    refused = refusal(lab, port)
    assert refused.hop == "forward"
    assert "port-forwarding" in refused.message


def test_an_unknown_host_is_refused_with_its_fingerprint_and_the_remedy(lab: SshdLab, port: Remote, tmp_path: Path) -> None:
    empty = tmp_path / "known_hosts"
    empty.touch()
    refused = refusal(lab, port, known_hosts=empty)
    assert refused.hop == "host_key"
    assert f"ssh-keyscan -p {lab.port} {lab.host} >> {empty}" in refused.message
    shown = subprocess.run(
        ["ssh-keygen", "-lf", lab.folder / "host_key.pub"], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    assert shown in refused.message


def test_the_remedy_for_an_unknown_host_works(lab: SshdLab, port: Remote, tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    keys = subprocess.run(["ssh-keyscan", "-p", str(lab.port), lab.host], capture_output=True, text=True, check=True).stdout
    hosts.write_text(keys)
    with through(lab, port, known_hosts=hosts) as session:
        assert get(session, "/health").ok


def test_a_host_whose_name_is_hashed_is_known(lab: SshdLab, port: Remote, tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    shutil.copy(lab.known_hosts, hosts)
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", hosts], check=True, capture_output=True)
    assert lab.host not in hosts.read_text()
    with through(lab, port, known_hosts=hosts) as session:
        assert get(session, "/health").ok


def test_revoked_lines_are_not_skipped_but_refused(lab: SshdLab, port: Remote, tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    hosts.write_text(lab.known_hosts.read_text() + "@revoked " + lab.known_hosts.read_text())
    refused = refusal(lab, port, known_hosts=hosts)
    assert refused.hop == "host_key"
    assert "revoked" in refused.message


def test_a_changed_host_key_is_refused_and_the_session_of_before_goes_on(port: Remote, tmp_path: Path) -> None:
    with SshdLab(tmp_path / "lab") as lab:
        link = link_to(lab, port)
        with session_over(link) as session:
            assert get(session, "/health").ok
            lab.new_host_key()
            assert get(session, "/health").ok
            port.asked.clear()
            refused = refusal(lab, port)
            assert refused.hop == "host_key"
            assert "shows another key" in refused.message
            lab.stop_sessions()
            await_true(lambda: not link.is_connected, "the end to be noticed")
            with pytest.raises(requests.ConnectionError, match="shows another key"):
                get(session, "/health")
        link.close()


def test_a_wrong_key_is_refused(lab: SshdLab, port: Remote, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    refused = refusal(lab, port, key=other)
    assert refused.hop == "login"
    assert "authorized_keys" in refused.message


def test_an_unknown_user_is_refused_as_a_login(lab: SshdLab, port: Remote) -> None:
    assert refusal(lab, port, user="nobody-of-this-name").hop == "login"


def test_a_key_with_a_passphrase_or_open_to_others_or_damaged_is_told(lab: SshdLab, port: Remote, tmp_path: Path) -> None:
    kept, loose, damaged = (tmp_path / name for name in ("kept", "loose", "damaged"))
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", kept], check=True)
    shutil.copy(lab.key_file, loose)
    loose.chmod(0o644)
    damaged.write_text("no key")
    damaged.chmod(0o600)
    told = {kept: "passphrase", loose: "chmod 600", damaged: "no private key", tmp_path / "gone": "cannot be read"}
    for file, word in told.items():
        refused = refusal(lab, port, key=file)
        assert refused.hop == "login"
        assert word in refused.message


def test_an_rsa_key_logs_in(lab: SshdLab, port: Remote, tmp_path: Path) -> None:
    key = tmp_path / "rsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", key], check=True)
    with (lab.folder / "authorized_keys").open("a") as file:
        file.write(key.with_suffix(".pub").read_text())
    with through(lab, port, key=key) as session:
        assert get(session, "/health").ok


def test_nobody_behind_the_server_is_told_apart_from_no_way(lab: SshdLab, tmp_path: Path) -> None:
    for target in (str(tmp_path / "no.sock"), "?to=127.0.0.1:1"):
        refused = refusal(lab, Remote(target))
        assert refused.hop == "service"
        assert "Start the compute service" in refused.message


def test_no_server_and_no_name_are_told_apart(lab: SshdLab, port: Remote, tmp_path: Path) -> None:
    address = ssh_address("ssh://user@no-such-host.invalid?to=127.0.0.1:1")
    assert address is not None
    with pytest.raises(LinkError) as refused:
        Link(address, Credentials(lab.key_file, lab.known_hosts)).open()
    assert refused.value.hop == "resolve"
    with SshdLab(tmp_path / "lab") as other:
        other.down()
        assert refusal(other, port).hop == "connect"


def test_a_server_that_speaks_no_ssh_is_told(lab: SshdLab, port: Remote) -> None:
    http = port.target.rpartition(":")[2]
    address = ssh_address(f"ssh://user@127.0.0.1:{http}?to=127.0.0.1:1")
    assert address is not None
    with pytest.raises(LinkError, match="does not speak SSH") as refused:
        Link(address, Credentials(lab.key_file, lab.known_hosts)).open()
    assert refused.value.hop == "connect"
