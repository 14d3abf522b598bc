"""URLs that are called: read so strictly that nobody reads another host in them (RFC 3986)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, urljoin, urlsplit

from bitrixmail.mime.domains import to_ascii

MAX_URL = 2000
_PORTS = {"http": 80, "https": 443}
# Whoever reads these otherwise than we do would call another host
_MISREAD = re.compile(r"[\x00-\x20\x7f\\]")
_KEPT = "%/:=&?~+!$,;'@()*[]#"


@dataclass(frozen=True, slots=True)
class CallURL:
    """A URL in its one form. `host` is in A-labels, or an address without brackets."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def place(self) -> str:
        """Host and port, as the queue and the settings write them: `example.org:443`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def read_url(text: str) -> CallURL:
    """Read an absolute URL of http or https. Raises ValueError with a sentence for people."""
    if len(text) > MAX_URL:
        raise ValueError(f"must have at most {MAX_URL} characters")
    if _MISREAD.search(text):
        raise ValueError("must have no blanks, control characters or backslashes")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"is no URL: {error}") from None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise ValueError("must begin with https:// or http://")
    if "@" in parts.netloc:
        raise ValueError("must have no name or password before its host")
    host = _host(parts.hostname or "")
    port = _PORTS[scheme] if port is None else port
    if not port:
        raise ValueError("must have a port above 0")
    written = f"[{host}]" if ":" in host else host
    place = written if port == _PORTS[scheme] else f"{written}:{port}"
    path = quote(parts.path or "/", safe=_KEPT)
    query = f"?{quote(parts.query, safe=_KEPT)}" if parts.query else ""
    return CallURL(f"{scheme}://{place}{path}{query}", scheme, host, port)


def is_url(text: str) -> bool:
    """Tell whether a text is an absolute URL of http or https."""
    try:
        read_url(text)
    except ValueError:
        return False
    return True


def redirected(before: CallURL, location: str) -> CallURL:
    """Read where an answer leads to, seen from where it came. Raises ValueError."""
    if _MISREAD.search(location):
        raise ValueError("must have no blanks, control characters or backslashes")
    return read_url(urljoin(before.url, location))


def _host(given: str) -> str:
    if not given:
        raise ValueError("must name a host")
    try:
        return str(ip_address(given))
    except ValueError:
        pass
    try:
        host = to_ascii(given)
    except ValueError:
        raise ValueError("must name a host: a domain name, or an address") from None
    # What some programs take for an address, and no name of the DNS ends so (RFC 3696 §2)
    if host.rpartition(".")[2].isdigit() or re.fullmatch(r"0x[0-9a-f]*", host.rpartition(".")[2]):
        raise ValueError("must write an address as usual: 192.0.2.1")
    return host
