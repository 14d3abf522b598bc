"""Actions that make mail of mail: what they are called, and which settings they take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bitrixmail.mime.addresses import parse_addresses
from bitrixmail.rules.fill import check, places
from bitrixmail.rules.outside import Setting, Shape, line, number, one_address, switch, text
from bitrixmail.rules.times import read_age, read_moment, zone_of
from bitrixmail.rules.words import Complaint

MOST_ADDRESSES = 20
# What a text may name, and what that is, in the order in which they are told
PLACES = ("from_name", "from_address", "subject", "date", "to", "mailbox")
REPLY_PLACES = (*PLACES, "starts", "ends", "days_to_answer")
NOTICE_PLACES = (*PLACES, "folder", "size", "queue_id", "text")
_LEAST_PERIOD_S = 3600
_MOST_PERIOD_S = 366 * 86400
_MOST_LINE = 500
# What stands in quotation marks in a name (RFC 5322 §3.2.3)
_SPECIALS = frozenset('()<>[]:;@\\,."')


def addresses(given: str) -> str:
    """Return addresses, parted by commas, in their one form. Raises ValueError with a sentence."""
    found = dict.fromkeys(one_address(each) for each in given.split(",") if each.strip())
    if not 0 < len(found) <= MOST_ADDRESSES:
        raise ValueError(f"must be one address or up to {MOST_ADDRESSES}")
    return ", ".join(found)


def reached(given: str) -> str:
    """Return the domain of addresses, if it is the same for all; empty if not."""
    domains = {each.rpartition("@")[2] for each in given.split(", ")}
    return domains.pop() if len(domains) == 1 else ""


def _template(
    read: Callable[[Any], str], names: tuple[str, ...], most: int
) -> Callable[[Any], str]:
    def reader(given: Any) -> str:
        found = check(read(given), names)
        if not found.strip() or len(found) > most:
            raise ValueError(f"must have 1 to {most} characters")
        return found

    return reader


def _moment(given: Any) -> str:
    found = line(given).strip()
    read_moment(found)
    return found


def _period(given: Any) -> str:
    found = line(given).strip()
    seconds, _ = read_age(found)
    if not _LEAST_PERIOD_S <= seconds <= _MOST_PERIOD_S:
        raise ValueError("must be between an hour and a year")
    return found


def _author(given: Any) -> str:
    """Read an address, perhaps with a name: `Support <support@example.org>`."""
    found = parse_addresses(line(given).encode(), lambda octets: octets.decode(), strict=True)
    if len(found) != 1:
        raise ValueError("must be one address")
    name, address = found[0].name, one_address(found[0].address)
    if set(name) & _SPECIALS:
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>" if name else address


def reply_complaints(given: Mapping[str, Any]) -> Iterator[Complaint]:
    """Find what is wrong with the settings of a reply together, each being right alone."""
    try:
        starts, ends = (
            read_moment(given[name]).span(zone_of("UTC")) if name in given else None
            for name in ("starts", "ends")
        )
        named = {*places(given.get("text", "")), *places(given.get("html", ""))}
    except (ValueError, TypeError, AttributeError):
        return  # it is told of already
    if starts and ends and ends[1] < starts[0]:
        yield Complaint("ends", "lies before starts", "name a later day")
    for name in ("starts", "ends", "days_to_answer"):
        if name in named and name not in given:
            yield Complaint("text", f"names {{{name}}}, which is not given", f"add {name} = …")


REPLY: dict[str, Setting] = {
    "text": Setting(
        _template(text, REPLY_PLACES, 10_000), '"Thank you, {from_name}."', True, Shape.TEXT
    ),
    "subject": Setting(_template(line, REPLY_PLACES, _MOST_LINE), '"Re: {subject}"'),
    "html": Setting(
        _template(text, REPLY_PLACES, 10_000),
        '"<p>Thank you, {from_name}.</p>"',
        shape=Shape.TEXT,
    ),
    "from": Setting(_author, '"Support <support@example.org>"'),
    "once_per": Setting(_period, '"7d"'),
    "starts": Setting(_moment, '"2026-12-28"'),
    "ends": Setting(_moment, '"2027-01-10"'),
    "days_to_answer": Setting(number(1, 365), "2", shape=Shape.NUMBER),
    "only_if_named": Setting(switch, "true", shape=Shape.SWITCH),
}
NOTIFY: dict[str, Setting] = {
    "text": Setting(
        _template(text, NOTICE_PLACES, 10_000), '"{from_name}: {subject}"', shape=Shape.TEXT
    ),
    "subject": Setting(_template(line, NOTICE_PLACES, _MOST_LINE), '"New mail for {mailbox}"'),
    "per_hour": Setting(number(1, 1000), "10", shape=Shape.NUMBER),
}
