"""What came of fetching a page, and of calling somebody."""

from __future__ import annotations

from dataclasses import dataclass, field


class FetchError(Exception):
    """There is no page: nobody answers, the certificate is wrong, it is too large or too slow."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page. `content_type` in lower case, without parameters."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent to a URL.

    `headers` go to no other host than the URL's; `body` does, and so do `marks`, further header
    fields by which whoever gets it tells a repetition.
    """

    url: str
    body: bytes = field(repr=False)
    content_type: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    marks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Called:
    """What a call was answered. `host` has a port, `address` is the IP address that was reached.

    `body` is the beginning of the answer's; `retry_after` is that field as it came, or empty.
    """

    status: int
    phrase: str
    body: bytes
    host: str
    address: str
    retry_after: str = ""


class CallError(Exception):
    """There is no answer, with a reason for the owner of the server.

    `host` and `address` as in Called; the address is empty if nobody was reached. `down`: nothing
    else can be had from the URL's host now. `refused`: we do not connect to such an address.
    """

    def __init__(
        self,
        reason: str,
        host: str,
        address: str = "",
        *,
        down: bool = False,
        refused: bool = False,
    ) -> None:
        super().__init__(reason)
        self.host = host
        self.address = address
        self.down = down
        self.refused = refused
