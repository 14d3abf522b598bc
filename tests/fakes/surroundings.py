"""The DNS of a server that is well, to be spoiled; and following remedies as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.fakes.zone import Zone

OURS, OURS_V6, THEIRS = "1.2.3.4", "2a00:1:2::3", "5.6.7.8"
ZONE = (
    "example.org. 300 IN MX 10 mx.example.org.",
    f"mx.example.org. 300 IN A {OURS}",
    "4.3.2.1.in-addr.arpa. 300 IN PTR mx.example.org.",
    'example.org. 300 IN TXT "v=spf1 mx -all"',
    '_dmarc.example.org. 300 IN TXT "v=DMARC1; p=none"',
    f"mx.elsewhere.example. 300 IN A {THEIRS}",
)
_LINE = re.compile(r"\S+\. \d+ IN (A|AAAA|MX|PTR|TXT) .+")


def follow(zone: Zone, remedies: Iterable[str]) -> None:
    """Write the zone lines among remedies into a zone; there must be one."""
    lines = [remedy for remedy in remedies if _LINE.fullmatch(remedy)]
    assert lines, remedies
    zone.put(*lines)
