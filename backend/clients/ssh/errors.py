"""What may go wrong on the way through SSH, by the hop where it does."""

from typing import Literal

import paramiko

SSH_ERRORS = (paramiko.SSHException, OSError, EOFError)
"""paramiko's word for everything that may go wrong, and what it hands on from the socket."""
Hop = Literal["resolve", "connect", "host_key", "login", "forward", "service"]
HOPS: tuple[Hop, ...] = ("resolve", "connect", "host_key", "login", "forward", "service")
"""In the order a request passes them: who fails at one has passed those before."""


class LinkError(Exception):
    """No way to the compute service; nothing of the request has left. The message names the remedy."""

    def __init__(self, hop: Hop, message: str) -> None:
        super().__init__(message)
        self.hop = hop
        self.message = message


class NotSentError(ConnectionError):
    """A channel was found closed before the first byte of a request: it may be sent again, whatever it asks."""
