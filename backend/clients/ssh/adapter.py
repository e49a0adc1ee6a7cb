"""The link as a way for `requests`: HTTP over channels, no local port that others could use."""

from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import NewConnectionError

from backend.clients.ssh.channel import ChannelSocket
from backend.clients.ssh.errors import LinkError
from backend.clients.ssh.link import Link

BASE_URL = "http://compute"
"""What requests call the service; the name is not looked up."""


class LinkConnection(HTTPConnection):
    """An HTTP connection over one channel."""

    sock: ChannelSocket | None

    def __init__(self, *arguments: Any, link: Link, **options: Any) -> None:  # noqa: ANN401 - urllib3's own signature
        super().__init__(*arguments, **options)
        self._link = link

    @property
    def is_connected(self) -> bool:
        """Whether the channel can take another request; urllib3 would poll a file descriptor, which channels have not."""
        return self.sock is not None and self.sock.is_idle

    def _new_conn(self) -> ChannelSocket:  # type: ignore[override]
        try:
            channel = self._link.open()
        except LinkError as error:
            raise NewConnectionError(self, error.message) from error
        if self.timeout is None or isinstance(self.timeout, (int, float)):
            channel.settimeout(self.timeout)
        return channel


class LinkPool(HTTPConnectionPool):
    """HTTP connections over channels of one link."""

    ConnectionCls = LinkConnection

    def __init__(self, *arguments: Any, link: Link, **options: Any) -> None:  # noqa: ANN401 - urllib3's own signature
        super().__init__(*arguments, **options)
        self.conn_kw["link"] = link


class LinkAdapter(HTTPAdapter):
    """Mount it at BASE_URL."""

    def __init__(self, link: Link) -> None:
        self._link = link
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - requests' own signature
        """Called by HTTPAdapter: the pool manager whose connections are channels."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": partial(LinkPool, link=self._link)}


def mount(session: requests.Session, link: Link) -> None:
    """Let a session reach the compute service over the link, and nothing else that way."""
    session.mount(BASE_URL, LinkAdapter(link))
