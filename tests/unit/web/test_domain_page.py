"""The page of a domain, made of what a look has found."""

from __future__ import annotations

import re
from html import unescape

from bitrixmail.admin.dns_finding import different
from bitrixmail.admin.dns_records import spf_record
from bitrixmail.admin.zones import RecordState
from bitrixmail.mime.domains import to_unicode
from bitrixmail.model.directory import Domain
from bitrixmail.model.finding import Severity
from bitrixmail.web.pages.doctor import is_command
from bitrixmail.web.rendering import Rendering
from bitrixmail.web.visit import Visit


def test_each_line_to_copy_has_a_button_that_copies_it() -> None:
    wanted = spf_record("example.org", "v=spf1 ip4:203.0.113.7 -all")
    found = different("spf", "example.org", "is another", "", wanted, severity=Severity.FAILURE)
    context = {
        "domain": Domain("example.org"),
        "is_command": is_command,
        "readable": to_unicode,
        "aliases": [],
        "mailboxes": 1,
        "addresses": [],
        "states": [(RecordState(wanted, (found, found)), [found, found])],
        "zone_text": wanted.line,
        "last": None,
        "keys": [],
    }
    visit = Visit("GET", "/domains/example.org", {}, {}, {}, "", "", secure=False, htmx=False)
    page = Rendering({"menu": (), "hostname": "mx.example.org"}).page(visit, "domain.html", context)
    marked = dict(re.findall(r'<code id="([\w-]+)">(.*?)</code>', page))
    copied = re.findall(r'data-copy="#([\w-]+)"', page)
    assert len(copied) == len(set(copied)) == 4  # the value, two lines, the whole zone
    texts = [unescape(marked[each]) for each in copied if each in marked]
    assert texts == [wanted.value, wanted.line, wanted.line]
