"""The text of a listening endpoint, as Twisted writes them: `tcp:25`, `unix:/run/x`, `systemd:…`.

Parsing opens nothing. Raises InputError.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_address

from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.text import printable

# Per kind: the names of what may stand without a name, in order, and the other names.
_KINDS: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "tcp": (("port",), frozenset({"interface", "backlog"})),
    "tcp6": (("port",), frozenset({"interface", "backlog"})),
    "unix": (("address",), frozenset({"mode", "backlog", "lockfile"})),
    "systemd": ((), frozenset({"domain", "index", "name"})),
}
_DOMAINS = ("INET", "INET6", "UNIX")
_COLON = re.compile(r"(?<!\\):")
_EQUALS = re.compile(r"(?<!\\)=")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place to listen. `arguments` are those of Twisted's endpoint of that kind."""

    text: str
    kind: str
    arguments: dict[str, str]

    def __str__(self) -> str:
        return self.text

    @property
    def port(self) -> int:
        """The TCP port, 0 for one of the system's choice or where there is none."""
        return int(self.arguments.get("port", "0"))

    @property
    def everywhere(self) -> bool:
        """Whether it means all addresses of this machine, IPv4 and IPv6."""
        return self.kind == "tcp" and "interface" not in self.arguments

    @property
    def only_here(self) -> bool:
        """Whether surely nobody but programs of this machine can reach it."""
        return self.kind == "unix" or _loopback(self.arguments.get("interface", ""))


def _loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def parse_endpoint(text: str) -> Endpoint:
    """Read an endpoint; raises InputError with one fault without a place."""
    kind, *parts = _COLON.split(text.strip())
    if kind == "haproxy":
        raise _fault(
            f'"{printable(text)}": the PROXY protocol goes by networks here',
            'write it like "tcp:25" and list the proxy in smtp.proxy_networks, for readers in'
            " access.proxy_networks",
        )
    if kind not in _KINDS:
        raise _fault(
            f'"{printable(text)}" is not an endpoint',
            'write it like "tcp:25", "tcp:25:interface=127.0.0.1", "unix:/run/mail.sock" '
            'or "systemd:domain=INET6:name=smtp"',
        )
    endpoint = Endpoint(text.strip(), kind, _arguments(kind, parts))
    _check(endpoint)
    return endpoint


def _arguments(kind: str, parts: list[str]) -> dict[str, str]:
    positional, named = _KINDS[kind]
    known = (*positional, *sorted(named))
    arguments: dict[str, str] = {}
    for position, part in enumerate(parts):
        name, *value = _EQUALS.split(part, maxsplit=1)
        if not value:
            if position >= len(positional):
                raise _fault(
                    f'"{printable(part)}" has no name', f"{kind}: takes {', '.join(known)}"
                )
            name, value = positional[position], [part]
        if name not in known:
            close = get_close_matches(name, known, 1)
            raise _fault(
                f'"{kind}:" takes no "{printable(name)}"',
                f'did you mean "{close[0]}"?' if close else f"it takes {', '.join(known)}",
            )
        arguments[name] = value[0].replace("\\:", ":").replace("\\=", "=")
    return arguments


def _check(endpoint: Endpoint) -> None:
    arguments = endpoint.arguments
    if endpoint.kind in ("tcp", "tcp6"):
        port = arguments.get("port", "")
        if not port.isdecimal() or int(port) > 65535:
            raise _fault(f'"{printable(port)}" is not a port', "ports go from 1 to 65535")
    elif endpoint.kind == "unix" and not arguments.get("address"):
        raise _fault("no path of the socket", 'write it like "unix:/run/bitrixmail/smtp.sock"')
    elif endpoint.kind == "systemd":
        if arguments.get("domain") not in _DOMAINS:
            raise _fault(
                "no domain of the inherited socket", f"add domain={'|'.join(_DOMAINS)} to it"
            )
        if ("index" in arguments) == ("name" in arguments):
            raise _fault("which inherited socket?", "add either name=smtp or index=0 to it")
    for number in ("backlog", "index"):
        if not arguments.get(number, "0").isdecimal():
            raise _fault(f'{number}="{printable(arguments[number])}" is not a number', "")
    if re.fullmatch("[0-7]*", arguments.get("mode", "")) is None:
        raise _fault(f'mode="{printable(arguments["mode"])}" is not octal', "for example mode=660")


def _fault(what: str, remedy: str) -> InputError:
    return InputError(Fault("endpoint", what, remedy))
