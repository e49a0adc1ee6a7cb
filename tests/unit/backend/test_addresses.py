"""Addresses of the compute service."""

import pytest

from backend.addresses import AddressError, RemotePort, RemoteSocket, SshAddress, ssh_address


@pytest.mark.parametrize("url", ["http://127.0.0.1:8701", "https://compute.example:8701/brodmann"])
def test_an_http_address_is_reached_directly(url: str) -> None:
    assert ssh_address(url) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ssh://anna@login.example/run/brodmann/http.sock", ("login.example", 22, RemoteSocket("/run/brodmann/http.sock"))),
        ("ssh://anna@login.example:2222/h%20x.sock", ("login.example", 2222, RemoteSocket("/h x.sock"))),
        ("ssh://anna@login.example?to=127.0.0.1:8701", ("login.example", 22, RemotePort("127.0.0.1", 8701))),
        ("ssh://anna@[::1]:2222/?to=[::1]:8701", ("::1", 2222, RemotePort("::1", 8701))),
    ],
)
def test_an_ssh_address_names_user_host_and_the_place_behind_it(url: str, expected: tuple[object, ...]) -> None:
    address = ssh_address(url)
    assert address is not None
    assert (address.user, address.host, address.port, address.target) == ("anna", *expected)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("file:///etc/passwd", "no http:// or ssh://"),
        ("ssh:///run/x.sock", "no http:// or ssh://"),
        ("ssh://login.example/run/x.sock", "names no user"),
        ("ssh://-oProxyCommand=x@login.example/run/x.sock", "names no user"),
        ("ssh://anna:word@login.example/run/x.sock", "no password"),
        ("ssh://anna@login.example", "names no place"),
        ("ssh://anna@login.example/", "names no place"),
        ("ssh://anna@login.example/x.sock?to=127.0.0.1:8701", "names no place"),
        ("ssh://anna@login.example?from=127.0.0.1:8701", "names no place"),
        ("ssh://anna@login.example/x.sock#there", "names no place"),
        ("ssh://anna@login.example?to=127.0.0.1", "a host and a port"),
        ("ssh://anna@login.example?to=8701", "a host and a port"),
        ("ssh://anna@login.example?to=127.0.0.1:8701/jobs", "a host and a port"),
        ("ssh://anna@login.example:99999/x.sock", "no port"),
        ("ssh://anna@login.example?to=127.0.0.1:x", "no port"),
        ("ssh://anna@login.example/" + "x" * 107, "at most 107 bytes"),
        ("ssh://anna@login.example/x%00.sock", "at most 107 bytes"),
    ],
)
def test_what_is_no_address_is_refused_with_what_it_lacks(url: str, problem: str) -> None:
    with pytest.raises(AddressError, match=problem):
        ssh_address(url)


def test_known_hosts_names_another_port_in_brackets() -> None:
    target = RemotePort("127.0.0.1", 1)
    assert SshAddress("anna", "login.example", 22, target).known_as == "login.example"
    assert SshAddress("anna", "login.example", 2222, target).known_as == "[login.example]:2222"
