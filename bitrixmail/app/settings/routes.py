"""The settings of certain mail: by which way it goes, and when. Lists of tables in [outbound].

See `settings`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict

from bitrixmail.app.settings.values import (
    FORBID,
    Count,
    Durations,
    Flag,
    Seconds,
    as_levels,
    as_list,
    as_table,
    doc,
    wrong,
)
from bitrixmail.mime.domains import to_ascii
from bitrixmail.model.address import Address
from bitrixmail.model.destination import Level
from bitrixmail.model.dsn import Reason
from bitrixmail.model.errors import Fault
from bitrixmail.model.job import Priority
from bitrixmail.model.text import printable
from bitrixmail.outbound.timing.windows import check_window, read_quiet, read_window

# The route that outbound.smarthost makes.
SMARTHOST = "smarthost"
LEVELS = {level.word: level for level in Level}
PRIORITIES = {priority.name.lower(): priority for priority in Priority}
REASONS: Mapping[str, Reason] = {
    reason.name.lower(): reason
    for reason in Reason
    # Behind these nothing is tried again
    if reason not in {Reason.EXPIRED, Reason.GIVEN_UP}
}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]@/]+))(?::([0-9]{1,5}))?")
SUBMISSION = 587


def _shown(given: object) -> str:
    return printable(repr(given), 80)


def _as_texts(given: object) -> object:
    """Turn one text into a list of it: a comma is part of an expression of cron."""
    if not isinstance(given, str) or given.lstrip().startswith("["):
        return as_list(given)
    return [given] if given.strip() else []


def _readable(read: Callable[[str], object], remedy: str) -> Callable[[object], str]:
    """Return what checks that a text can be read."""

    def checked(given: object) -> str:
        text = str(given)
        try:
            read(text)
        except ValueError as error:
            raise wrong(f"{_shown(text)}: {error}", remedy) from None
        return text

    return checked


def _read_window(text: str) -> None:
    check_window(read_window(text))


def parse_name(given: object) -> str:
    """Return the name of a route."""
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        remedy = 'up to 40 letters, digits, "-" and "_", for example "newsletter"'
        raise wrong(f"{_shown(given)} is not a name", remedy)
    return given


def split_host(text: str) -> tuple[str, int]:
    """Read "smtp.example.com:587", "192.0.2.1" or "[2001:db8::1]:465". Raises ValueError."""
    found = _HOST.fullmatch(text.strip())
    port = int(found[3] or SUBMISSION) if found is not None else 0
    if found is None or not 0 < port < 65536:
        raise ValueError("no host with a port")
    return (str(ip_address(found[1])) if found[1] else to_ascii(found[2])), port


def parse_host(given: object) -> str:
    """Check a host and its port, or nothing."""
    text = str(given)
    try:
        if text:
            split_host(text)
    except ValueError:
        remedy = 'write it like "smtp.example.com:587"'
        raise wrong(f"{_shown(given)} is no host with a port", remedy) from None
    return text


def parse_sender(given: object) -> str:
    """Return an address, a domain with its @, or "<>" for the null sender, as they are compared."""
    text = str(given).strip()
    if text in {"", "<>"}:
        return "<>"
    local_part, at, domain = text.rpartition("@")
    try:
        if at:
            key = Address(local_part, to_ascii(domain)).key
            return key.lower()
    except ValueError:
        pass
    remedy = 'write it like "info@example.org", "@example.org" or "" for the null sender'
    raise wrong(f"{_shown(given)} is no sender", remedy)


def parse_pattern(given: object) -> str:
    """Return "example.org", "*.example.org" or "*", in A-labels."""
    text = str(given).strip()
    if text == "*":
        return text
    star, domain = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    try:
        return star + to_ascii(domain)
    except ValueError as error:
        remedy = 'write it like "example.org", "*.example.org" or "*"'
        raise wrong(f"{_shown(given)} is {error}", remedy) from None


def _word(known: Mapping[str, object], what: str) -> Callable[[object], str]:
    def checked(given: object) -> str:
        word = str(given).strip().lower()
        if word not in known:
            raise wrong(f"{_shown(given)} is no {what}", f"one of {', '.join(known)}")
        return word

    return checked


def _level_or_none(given: object) -> str:
    return "" if given == "" else _word(LEVELS, "level of TLS")(given)


Name = Annotated[str, BeforeValidator(parse_name)]
HostPort = Annotated[str, BeforeValidator(parse_host)]
_Sender = Annotated[str, BeforeValidator(parse_sender)]
_Pattern = Annotated[str, BeforeValidator(parse_pattern)]
_Priority = Annotated[str, BeforeValidator(_word(PRIORITIES, "priority"))]
_TLSLevel = Annotated[str, BeforeValidator(_word(LEVELS, "level of TLS"))]
_WindowText = Annotated[
    str, BeforeValidator(_readable(_read_window, '"0 22 * * * Europe/Moscow for 8h"'))
]
_QuietText = Annotated[str, BeforeValidator(_readable(read_quiet, '"22:00-08:00 Europe/Moscow"'))]
ReasonWord = Annotated[str, BeforeValidator(_word(REASONS, "reason"))]
RetryReasons = Annotated[dict[ReasonWord, Durations], BeforeValidator(as_table)]
Names = Annotated[tuple[Name, ...], BeforeValidator(as_list)]
Senders = Annotated[tuple[_Sender, ...], BeforeValidator(as_list)]
Patterns = Annotated[tuple[_Pattern, ...], BeforeValidator(as_list)]
Priorities = Annotated[tuple[_Priority, ...], BeforeValidator(as_list)]
TLSLevels = Annotated[dict[_Pattern, _TLSLevel], BeforeValidator(as_levels)]
Windows = Annotated[tuple[_WindowText, ...], BeforeValidator(_as_texts)]
QuietTimes = Annotated[tuple[_QuietText, ...], BeforeValidator(_as_texts)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A way by hand for certain mail. The first that fits is taken, the smarthost is the last.

    What is empty, or 0, is as for all mail.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    name: Annotated[Name, doc("How it is called: in [[outbound.window]], by `bitrixmail route`.")]
    domains: Annotated[
        Patterns,
        doc('Of recipients: "example.com", "*.example.com" for all below it. Empty or "*": any.'),
    ] = ()
    senders: Annotated[
        Senders,
        doc('"shop@example.org", "@example.org", or "<>" for reports. Empty: whoever sends.'),
    ] = ()
    to: Annotated[
        HostPort,
        doc(
            'The server that takes it, "smtp.example.com:587"; port 465: TLS from the first octet.'
            " Empty: the servers of the recipients, as without a route."
        ),
    ] = ""
    mx: Annotated[Flag, doc("Go where the MX records of that name lead.")] = False
    user: Annotated[str, doc("The name to log in with; empty: no login.")] = ""
    password: Annotated[str, doc("The password; or better:")] = ""
    password_file: Annotated[
        str, doc("A file whose first line it is, readable by the server's user alone.")
    ] = ""
    tls: Annotated[
        str,
        BeforeValidator(_level_or_none),
        doc("What is demanded, see outbound.tls. Empty: verified where there is a login."),
    ] = ""
    connections: Annotated[
        Count, doc("Deliveries at one time; 0: outbound.connections_per_domain.")
    ] = 0
    per_minute: Annotated[Count, doc("Recipients in a minute; 0: no limit.")] = 0
    retry: Annotated[Durations, doc("Waiting before each new attempt.")] = ()
    lifetime: Annotated[Seconds, doc("How long it is attempted.")] = 0.0
    delay_notice: Annotated[Seconds, doc("After so long its sender is told.")] = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When certain mail goes; the first that fits counts, instead of what is said for all.

    Of senders, routes and priorities all that are given must fit. What is left out, schedule or
    quiet, is as for all; [] is "always", or "never quiet".
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    senders: Annotated[Senders, doc('"news@example.org", "@example.org", "<>".')] = ()
    routes: Annotated[
        Names, doc(f'Names of [[outbound.route]]; "{SMARTHOST}" is outbound.smarthost.')
    ] = ()
    priorities: Annotated[Priorities, doc("urgent, normal, bulk.")] = ()
    schedule: Annotated[Windows | None, doc("As outbound.schedule.")] = None
    quiet: Annotated[QuietTimes | None, doc("As outbound.quiet.")] = None


def faults_of(
    routes: Sequence[Route], windows: Sequence[Window], smarthost: str
) -> Iterator[Fault]:
    """Find what is wrong with the tables together; numbers begin with 1, as one counts them."""
    counts = Counter(route.name for route in routes)
    for number, route in enumerate(routes, 1):
        where = f"outbound.route[{number}]"
        if counts[route.name] > 1:
            yield Fault(f"{where}.name", f'"{route.name}" is there twice', "name each differently")
        if route.name == SMARTHOST:
            remedy = "name it differently: that is outbound.smarthost"
            yield Fault(f"{where}.name", f'"{SMARTHOST}" is taken', remedy)
        yield from _login_faults(where, route)
        if route.mx and not route.to:
            yield Fault(f"{where}.mx", "of which name?", f"give {where}.to as well")
        if any(interval < 1 for interval in route.retry):
            yield Fault(f"{where}.retry", "has a wait below a second", 'for example ["5m", "1h"]')
    known = {*counts, *([SMARTHOST] if smarthost else [])}
    for number, window in enumerate(windows, 1):
        where = f"outbound.window[{number}]"
        for name in window.routes:
            if name not in known:
                remedy = f"there are {', '.join(sorted(known))}" if known else "there is none"
                yield Fault(f"{where}.routes", f'"{name}" is no route', remedy)
        if window.schedule is None and window.quiet is None:
            yield Fault(where, "says nothing", 'give it a schedule or quiet: quiet = ["Sat-Sun"]')


def _login_faults(where: str, route: Route) -> Iterator[Fault]:
    yield from password_faults(f"{where}.", route.user, route.password, route.password_file)
    if route.user and not route.to:
        yield Fault(f"{where}.user", "logs in nowhere", f"give {where}.to as well")
    if route.user and route.tls in {"none", "opportunistic"}:
        remedy = 'a password is told under TLS only: "encrypted", or better "verified"'
        yield Fault(f"{where}.tls", f'"{route.tls}" with a login', remedy)


def password_faults(where: str, user: str, password: str, file: str) -> Iterator[Fault]:
    """Find what is wrong with a login; `where` is what stands before the keys."""
    if password and file:
        yield Fault(f"{where}password", "stands there twice", "leave it or password_file out")
    if user and not (password or file):
        remedy = f"give {where}password_file or {where}password"
        yield Fault(f"{where}user", "has no password", remedy)
    if not user and (password or file):
        yield Fault(f"{where}password", "is of nobody", f"give {where}user as well")
