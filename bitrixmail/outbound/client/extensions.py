"""What a host offers in its reply to EHLO (RFC 5321 §4.1.1.1, RFC 1870, RFC 6710, RFC 9422)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bitrixmail.outbound.client.replies import HostReply

_DIGITS = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Extensions:
    """What may be asked of a host. One that greeted with HELO only offers nothing.

    `size_octets` None: SIZE is not offered, 0: it is, without a maximum. `most_recipients` of one
    transaction and `most_messages` of one connection are of LIMITS (RFC 9422 §4); 0: not said.
    """

    esmtp: bool = False
    size_octets: int | None = None
    pipelining: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    dsn: bool = False
    chunking: bool = False
    mt_priority: bool = False
    starttls: bool = False
    auth: frozenset[str] = frozenset()
    most_recipients: int = 0
    most_messages: int = 0


def extensions_of(reply: HostReply, *, pipelining: bool = True) -> Extensions:
    """Read the lines behind the first; what is unknown or malformed is passed over.

    With `pipelining` False it counts as not offered.
    """
    offered: dict[str, list[str]] = {}
    for line in reply.lines[1:]:
        # Older servers write AUTH=LOGIN, some beside the other form
        words = line.decode("ascii", "replace").upper().replace("AUTH=", "AUTH ", 1).split()
        if words:
            offered.setdefault(words[0], []).extend(words[1:])
    limits = dict(word.partition("=")[::2] for word in offered.get("LIMITS", ()))
    return Extensions(
        esmtp=True,
        size_octets=_number("".join(offered["SIZE"][:1])) if "SIZE" in offered else None,
        pipelining=pipelining and "PIPELINING" in offered,
        eight_bit="8BITMIME" in offered,
        smtputf8="SMTPUTF8" in offered,
        dsn="DSN" in offered,
        chunking="CHUNKING" in offered,
        mt_priority="MT-PRIORITY" in offered,
        starttls="STARTTLS" in offered,
        auth=frozenset(offered.get("AUTH", ())),
        most_recipients=_number(limits.get("RCPTMAX", "")),
        most_messages=_number(limits.get("MAILMAX", "")),
    )


def _number(digits: str) -> int:
    return int(digits) if _DIGITS.fullmatch(digits) else 0
