"""How a setting is written: sizes, durations, lists, networks, levels. Texts to values and back."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from contextlib import suppress
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from bitrixmail.app.settings.endpoints import Endpoint, parse_endpoint
from bitrixmail.mime.domains import to_ascii
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.text import printable
from bitrixmail.net.name_servers import parse_name_server
from bitrixmail.rules.sizes import UNITS, read_size
from bitrixmail.rules.times import zone_of

_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
# Longer numbers are slips; those of thousands of digits Python does not even read or write.
_MOST_DIGITS = 18
_LONG_NUMBER = re.compile(rf"\s*\d{{{_MOST_DIGITS + 1}}}")
# A queue id has room for the number of one
MOST_PROCESSES = 16
# As many as there are cores for, further ones while they are of help
AUTO_PROCESSES = 0
_PROCESSES = f'"auto", or from 1 to {MOST_PROCESSES}'
_LONGEST_S = 36500 * 86400.0
LEVELS = ("debug", "info", "warn", "error", "critical")
# What every section of the settings is: a key that it doesn't know is a fault.
FORBID = ConfigDict(extra="forbid")


def doc(text: str) -> object:
    """Return what documents a setting: it stands above it in the annotated file."""
    return Field(description=text)


def wrong(what: str, remedy: str) -> PydanticCustomError:
    """Return the error of a value that can't be used; `faults_of` makes a Fault of it."""
    return PydanticCustomError("setting", "{what}", {"what": what, "remedy": remedy})


def _shown(given: object) -> str:
    return printable(repr(given), 80)


def parse_size(given: object) -> int:
    """Return octets from a text like "50MiB" or "2,0 ГиБ"."""
    if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
        return given
    if isinstance(given, str):
        if _LONG_NUMBER.match(given):
            remedy = 'write it like "50MiB"; 0: no limit'
            raise wrong(f"{_shown(given)} is more than there is", remedy)
        with suppress(ValueError):
            return read_size(given)
    raise wrong(f"{_shown(given)} is not a size", 'write it like "50MiB", "64KiB" or "10MB"')


def parse_command_size(given: object) -> int:
    """Return the octets of a command line (RFC 5321 §4.5.3.1.4 wants 512 at least)."""
    octets = parse_size(given)
    if octets < 512:
        raise wrong(f"{_shown(given)} is too short for a command", 'at least "512B"')
    return octets


def size_text(octets: int) -> str:
    """Write octets in the largest unit that leaves no rest."""
    for unit in ("GiB", "MiB", "KiB"):
        count, rest = divmod(octets, UNITS[unit.lower()])
        if count and not rest:
            return f"{count}{unit}"
    return f"{octets}B" if octets else "0"


def parse_duration(given: object) -> float:
    """Return seconds from a text like "5m" or "1h30m"."""
    if isinstance(given, str):
        text = given.strip()
        parts = _DURATION_PART.findall(text)
        if parts and _DURATION_PART.sub("", text).strip() == "":
            seconds = float(sum(float(count) * _DURATION_UNITS[unit] for count, unit in parts))
            if seconds > _LONGEST_S:
                raise wrong(f"{_shown(given)} is longer than 100 years", 'at most "36500d"')
            return seconds
    if given in ("0", 0) and not isinstance(given, bool):
        return 0.0
    raise wrong(
        f"{_shown(given)} is not a duration", 'write it with a unit: "100ms", "30s", "5m", "1h"'
    )


def parse_patience(given: object) -> float:
    """Return seconds of a wait that must have an end, and not at once."""
    seconds = parse_duration(given)
    if seconds <= 0:
        raise wrong(f"{_shown(given)} leaves no time", 'for example "30s"; there is no "for ever"')
    return seconds


def duration_text(seconds: float) -> str:
    """Write seconds in the largest unit that leaves no rest."""
    if not seconds:
        return "0"
    for unit in ("d", "h", "m", "s"):
        count = seconds / _DURATION_UNITS[unit]
        if count >= 1 and count.is_integer():
            return f"{int(count)}{unit}"
    return f"{seconds * 1000:g}ms"


def parse_count(given: object) -> int:
    """Return a whole number, zero or more."""
    if isinstance(given, str) and given.strip().isdecimal() and len(given) <= _MOST_DIGITS:
        return int(given)
    if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
        return given
    raise wrong(f"{_shown(given)} is not a whole number of 0 or more", "for example 100")


def parse_flag(given: object) -> bool:
    """Return whether something is on."""
    if isinstance(given, str) and given.strip().lower() in {"true", "false"}:
        return given.strip().lower() == "true"
    if isinstance(given, bool):
        return given
    raise wrong(f"{_shown(given)} is neither true nor false", "true or false")


def parse_port(given: object) -> int:
    """Return the number of a TCP port."""
    port = parse_count(given)
    if not 0 < port < 65536:
        raise wrong(f"{port} is not a port", "ports go from 1 to 65535")
    return port


def parse_processes(given: object) -> int:
    """Return a number of processes, AUTO_PROCESSES for "auto"."""
    if isinstance(given, str) and given.strip().lower() == "auto":
        return AUTO_PROCESSES
    try:
        processes = parse_count(given)
    except PydanticCustomError:
        raise wrong(f"{_shown(given)} is no number of processes", _PROCESSES) from None
    if not 1 <= processes <= MOST_PROCESSES:
        raise wrong(f"{processes} processes will not do", _PROCESSES)
    return processes


def processes_text(processes: int) -> str | int:
    """Write a number of processes."""
    return "auto" if processes == AUTO_PROCESSES else processes


def as_list(given: object) -> object:
    """Turn the text of an environment variable or an option into a list of texts."""
    if not isinstance(given, str):
        return given
    if not given.lstrip().startswith("["):
        return [part.strip() for part in given.split(",") if part.strip()]
    try:
        return tomllib.loads(f"value = {given}")["value"]
    except ValueError as error:  # TOMLDecodeError, and a number of thousands of digits
        raise wrong(
            f"{_shown(given)} is not a list: {error}", 'write it like "a,b" or ["a", "b"]'
        ) from None


def as_table(given: object) -> object:
    """Turn the text of an environment variable or an option into a table."""
    if not isinstance(given, str):
        return given
    try:
        return tomllib.loads(f"value = {given}")["value"]
    except ValueError as error:
        raise wrong(
            f"{_shown(given)} is not a table: {error}", 'write it like { greylisted = ["2m"] }'
        ) from None


def as_levels(given: object) -> object:
    """Turn `namespace=level,namespace=level` into a table."""
    if not isinstance(given, str):
        return given
    pairs = [part.partition("=") for part in given.split(",") if part.strip()]
    return {name.strip(): level.strip() for name, _, level in pairs}


def parse_zone(given: object) -> str:
    """Read the name of a time zone, or nothing."""
    text = str(given)
    try:
        if text:
            zone_of(text)
    except ValueError as error:
        raise wrong(f"{_shown(given)}: {error}", 'for example "Europe/Moscow"') from None
    return text


def parse_trust(given: object) -> str:
    """Return whether something is believed: "yes", "no", or "auto" to find out."""
    word = str(given).strip().lower()
    word = {"true": "yes", "false": "no"}.get(word, word)
    if word not in {"yes", "no", "auto"}:
        raise wrong(f"{_shown(given)} will not do", 'it must be "auto", "yes" or "no"')
    return word


def parse_level(given: object) -> str:
    """Return the name of a log level."""
    if given not in LEVELS:
        raise wrong(f"{_shown(given)} is not a log level", f"one of {', '.join(LEVELS)}")
    return str(given)


def parse_network(given: object) -> IPv4Network | IPv6Network:
    """Return a network from a text like "192.0.2.0/24" or a single address."""
    if isinstance(given, IPv4Network | IPv6Network):
        return given
    try:
        return ip_network(str(given))
    except ValueError as error:
        raise wrong(
            printable(str(error)), 'write it like "192.0.2.0/24" or "2001:db8::/32"'
        ) from None


def parse_address(given: object) -> IPv4Address | IPv6Address:
    """Return an address from a text like "192.0.2.1"."""
    if isinstance(given, IPv4Address | IPv6Address):
        return given
    try:
        return ip_address(str(given))
    except ValueError:
        remedy = 'write it like "192.0.2.1" or "2001:db8::1"'
        raise wrong(f"{_shown(given)} is not an address", remedy) from None


def parse_server(given: object) -> str:
    """Return the address of a name server, with its port, as it was written."""
    try:
        return str(parse_name_server(str(given)))
    except ValueError as error:
        remedy = 'write it like "192.0.2.1", "127.0.0.1:5300" or "[::1]:5300"'
        raise wrong(f"{_shown(given)} {error}", remedy) from None


def parse_domain(given: object) -> str:
    """Return a domain name in A-labels."""
    try:
        return to_ascii(str(given))
    except ValueError as error:
        raise wrong(f"{_shown(given)} is {error}", 'write it like "example.org"') from None


def _endpoint(given: object) -> Endpoint:
    if isinstance(given, Endpoint):
        return given
    if not isinstance(given, str):
        raise wrong(f"{_shown(given)} is not an endpoint", 'write it like "tcp:25"')
    try:
        return parse_endpoint(given)
    except InputError as error:
        fault: Fault = error.faults[0]
        raise wrong(fault.what, fault.remedy) from None


def _value(parse: Callable[[Any], Any], write: Callable[[Any], Any]) -> tuple[Any, Any]:
    return BeforeValidator(parse), PlainSerializer(write)


Octets = Annotated[int, *_value(parse_size, size_text)]
Seconds = Annotated[float, *_value(parse_duration, duration_text)]
Patience = Annotated[float, *_value(parse_patience, duration_text)]
CommandOctets = Annotated[int, *_value(parse_command_size, size_text)]
Count = Annotated[int, BeforeValidator(parse_count)]
Flag = Annotated[bool, BeforeValidator(parse_flag)]
Port = Annotated[int, BeforeValidator(parse_port)]
Processes = Annotated[int, *_value(parse_processes, processes_text)]
Trust = Annotated[str, BeforeValidator(parse_trust)]
Zone = Annotated[str, BeforeValidator(parse_zone)]
Level = Annotated[str, BeforeValidator(parse_level)]
Levels = Annotated[dict[str, Level], BeforeValidator(as_levels)]
_Network = Annotated[IPv4Network | IPv6Network, *_value(parse_network, str)]
_Endpoint = Annotated[Endpoint, *_value(_endpoint, str)]
Networks = Annotated[tuple[_Network, ...], BeforeValidator(as_list)]
Endpoints = Annotated[tuple[_Endpoint, ...], BeforeValidator(as_list)]
_Address = Annotated[IPv4Address | IPv6Address, *_value(parse_address, str)]
_Server = Annotated[str, BeforeValidator(parse_server)]
_Domain = Annotated[str, BeforeValidator(parse_domain)]
IPAddresses = Annotated[tuple[_Address, ...], BeforeValidator(as_list)]
NameServers = Annotated[tuple[_Server, ...], BeforeValidator(as_list)]
DomainNames = Annotated[tuple[_Domain, ...], BeforeValidator(as_list)]
Texts = Annotated[tuple[str, ...], BeforeValidator(as_list)]
Durations = Annotated[tuple[Seconds, ...], BeforeValidator(as_list)]
