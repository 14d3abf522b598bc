"""Messages made to cost their reader much, let in by the door and judged by rules on every field.

Run as `python -m tests.attacks.bombs [NAME…]`, it prints for each what it cost, a line of JSON each.
The door's own limits of size and line length are lifted, so that what stands behind it is met.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bitrixmail.mime.charset import warm
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.rules.syntax import parse_rules
from tests.attacks.house import House, house_at, logged
from tests.dialogs.dialog import MemoryConnection
from tests.fakes.stores import result_of

_MIB = 1024 * 1024
_CHUNK_OCTETS = 64 * 1024
_FIELDS = (
    "sender", "recipient", "from", "reply_to", "to", "cc", "to.name", "to.domain", "cc.local_part", "subject",
    "headers", "list_id", "body", "message", "attachment_name", "attachment_type", "language", "charset",
    "header:x-bomb", "header:content-type", "priority",
)  # fmt: skip
RULES = "".join(
    f'[[rule]]\nname = "{op} {field}"\n'
    f'[[rule.condition]]\nfield = "{field}"\nop = "{op}"\nvalue = "{value}"\n'
    '[[rule.action]]\ndo = "tag"\ntag = "x"\n'
    for op, value in (("contains", "needle in it"), ("regex", "needle|n{3}dle"))
    for field in _FIELDS
) + (
    '[[rule]]\nname = "big"\n[[rule.condition]]\nfield = "attachment_size"\nop = "greater"\n'
    'value = "1GiB"\n[[rule.action]]\ndo = "tag"\ntag = "x"\n'
    '[[rule]]\nname = "judged"\n[[rule.condition]]\nfield = "size"\nop = "greater"\n'
    'value = "1"\n[[rule.action]]\ndo = "move"\nfolder = "Bombs"\n'
)
_MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
_HTML = b"Content-Type: text/html\r\n\r\n"


def _repeated(head: bytes, piece: bytes, count: int, tail: bytes = b"\r\n") -> list[bytes]:
    """Repeat a piece, in chunks: the bomb itself is nobody's memory but ours."""
    each = max(1, _CHUNK_OCTETS // len(piece))
    whole, rest = divmod(count, each)
    return [head, *([piece * each] * whole), piece * rest + tail]


def _encoded(transfer: bytes, content_type: bytes, line: bytes, count: int) -> list[bytes]:
    head = b"Content-Type: %b\r\nContent-Transfer-Encoding: %b\r\n\r\n" % (content_type, transfer)
    return _repeated(head, line, count)


def _nested(depth: int) -> list[bytes]:
    return [
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(depth)
    ] + [b"\r\n"]


def _messages(depth: int) -> list[bytes]:
    return [b"Content-Type: message/rfc822\r\nSubject: %d\r\n\r\n" % n for n in range(depth)]


def _continuations() -> list[bytes]:
    flood = b"".join([b' filename*%d*="%%D0%%9F";\r\n' % (n % 1000) for n in range(50_000)])
    part = b"--b\r\nContent-Type: a/b\r\nContent-Disposition: attachment;\r\n%b x=y\r\n\r\n" % flood
    return [b"Content-Type: text/plain;\r\n", flood, b" x=y\r\n", _MIXED, *([part] * 20)]


_JUNK = base64.b64encode(bytes(range(256)) * 3)
BOMBS: dict[str, Callable[[], list[bytes]]] = {
    "depth 10,000": lambda: _nested(10_000),
    "depth 10,000 of one boundary": lambda: _repeated(_MIXED, b"--b\r\n" + _MIXED, 10_000),
    "100,000 parts": lambda: _repeated(_MIXED, b"--b\r\n\r\nx\r\n", 100_000),
    "100,000 attachments": lambda: _repeated(
        _MIXED, b'--b\r\nContent-Type: a/b; name="=?utf-8?B?0J8=?="\r\n\r\nPK\x03\x04\r\n', 100_000
    ),
    "1,000,000 boundary lines": lambda: _repeated(_MIXED, b"--b\r\n", 1_000_000),
    "1,000,000 almost boundary lines": lambda: _repeated(_MIXED + b"--b\r\n\r\n", b"--bb\r\n", 1_000_000),
    "100 MB of headers": lambda: _repeated(b"", b"X-Bomb: " + b"x" * 90 + b"\r\n", 1_000_000),
    "10 MB of short headers": lambda: _repeated(b"", b"a:\r\n", 2_500_000),
    "10 MB of a folded header": lambda: _repeated(b"X-Bomb: x\r\n", b" y\r\n", 2_500_000),
    "1,000,000 addresses": lambda: _repeated(b"To: x@y.example", b",\r\n a@b.example", 1_000_000),
    "1,000,000 addresses in letters": lambda: _repeated(
        b"To: x@y.example", ",\r\n a@й.рф".encode(), 1_000_000
    ),
    "1,000,000 addresses in A-labels": lambda: _repeated(b"To: x@y.example", b",a@xn--p1ai", 1_000_000),
    "1,000,000 addresses in bad A-labels": lambda: _repeated(b"Cc: x@y.example", b",a@xn--\xff", 1_000_000),
    "addresses of comments": lambda: _repeated(b"To: ", b"(a\\) b@c (", 1_000_000),
    "a header line of 10 MB": lambda: _repeated(b"X-Bomb: ", b"x" * 100, 100_000),
    "a subject of 10 MB, 8 bit": lambda: _repeated(b"Subject: ", b"\xcf\xf0\xe8\xff", 2_500_000),
    "continuations (RFC 2231)": _continuations,
    "messages within messages": lambda: _messages(500),
    "messages within digests": lambda: _repeated(
        b"Content-Type: multipart/digest; boundary=b\r\n\r\n", b"--b\r\n\r\n" + _messages(1)[0], 500
    ),
    "encoded words": lambda: _repeated(b"Subject:", b" =?utf-8?B?0J8=?=", 600_000),
    "encoded words of charsets": lambda: _repeated(b"Subject:", b" =?utf-16?q?=D8?= =?hz?q?~{?=", 300_000),
    "encoded words without end": lambda: _repeated(b"Subject:", b"=?a?q?", 1_000_000),
    "base64 junk": lambda: _encoded(b"base64", b"text/plain", b"=A=*" * 15 + b"\r\n", 100_000),
    "base64, 30 MB": lambda: _encoded(b"base64", b"application/zip", _JUNK[:76] + b"\r\n", 400_000),
    "quoted-printable junk": lambda: _encoded(b"quoted-printable", b"text/plain", b"==\r\n=\r\n= =\r\n", 1_000_000),
    "uuencoded junk": lambda: _encoded(b"x-uuencode", b"text/plain", b"M\r\n~\r\n", 1_000_000),
    "yEnc junk": lambda: _encoded(b"x-yenc", b"text/plain", b"=ybegin line=128 size=99999999 name=x\r\n=y\r\n", 100_000),
    "8 bit junk": lambda: _repeated(b"\r\n", b"\xff\xd0 \x98--", 1_000_000),
    "UTF-16 junk": lambda: _repeated(
        b"Content-Type: text/plain; charset=utf-16\r\n\r\n", b"\xd8\xd9\xdf", 2_000_000
    ),
    "HTML: deep": lambda: _repeated(_HTML, b"<div><b>x", 1_000_000),
    "HTML: deep and hidden": lambda: _repeated(_HTML, b"<p hidden><table><td>x</p>", 500_000),
    "HTML: references": lambda: _repeated(_HTML, b"&#x0000000041;&notit;&" + b"a" * 40, 300_000),
    "HTML: comments without end": lambda: _repeated(_HTML, b"<!-- <!-", 1_000_000),
    "HTML: tags without end": lambda: _repeated(_HTML, b"<a href='x\"", 1_000_000),
    "HTML: scripts without end": lambda: _repeated(_HTML, b"<script></scrip", 1_000_000),
    "HTML: attributes": lambda: _repeated(_HTML + b"<a ", b"hidden=1 style='display:' x ", 500_000),
    "HTML: links": lambda: _repeated(_HTML, b"<a href=http://%41>x</a>", 500_000),
    "a page and its attachments": lambda: [
        *_repeated(_MIXED + b"--b\r\n" + _HTML, b"<td>x&amp;", 200_000),
        *_repeated(b"", b"--b\r\nContent-Type: a/b; name=x\r\n\r\nPK\x03\x04\r\n", 100_000),
    ],
}  # fmt: skip


def furnish(folder: Path) -> None:
    """Make a data directory with two mailboxes and the rules."""
    with house_at(folder) as house:
        directory = house.stores.directory
        result_of(directory.add_domain(Domain("bombs.example")))
        result_of(directory.add_mailbox(Mailbox(0, "info@bombs.example"), None))
        rules = parse_rules(RULES, "bombs")
        result_of(house.stores.rulebook.replace(rules, "a test", ""))


def _lift_limits(house: House) -> None:
    limits = replace(house.factory.limits, max_size_octets=0, max_line_octets=0)
    house.factory.limits = house.gate.limits = limits


def _memory_kib(what: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1])
    raise LookupError(what)


def cost(name: str, folder: Path) -> dict[str, object]:
    """Let a bomb in, in this process; return its reply and what it cost, beside its own octets.

    `folder` is a data directory as `furnish` makes it.
    """
    chunks = BOMBS[name]()
    with house_at(folder) as house, logged() as log:
        _lift_limits(house)
        connection = MemoryConnection(house.factory)
        connection.send(b"EHLO client.example\r\nMAIL FROM:<a@client.example>\r\n")
        for recipient in (b"postmaster@bombs.example", b"info@bombs.example"):
            connection.send(b"RCPT TO:<%b>\r\n" % recipient)
        connection.send(b"DATA\r\n")
        connection.transport.clear()
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
        before_kib, begun = _memory_kib("VmRSS"), time.process_time()
        for chunk in chunks:
            connection.send(chunk)
        connection.send(b"\r\n.\r\n")
        spent_s = time.process_time() - begun
        grown_mib = (_memory_kib("VmHWM") - before_kib) / 1024
        reply = connection.transport.value().decode()
        connection.send(b"NOOP\r\n")
        after = connection.transport.value().decode()[len(reply) :]
        connection.abort()
    return {
        "name": name,
        "octets": sum(map(len, chunks)),
        "seconds": round(spent_s, 2),
        "mib": round(grown_mib, 1),
        "reply": reply,
        "folders": re.findall(r"folder=(\w+)", log.text.getvalue()),
        "after": after,
    }


def main(names: list[str]) -> None:
    """Measure each bomb in a process of its own, forked off one that has imported everything."""
    warm()
    with tempfile.TemporaryDirectory() as template:
        furnish(Path(template))
        for name in names or list(BOMBS):
            _measure(name, Path(template))


def _measure(name: str, template: Path) -> None:
    sys.stdout.flush()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(template, folder, dirs_exist_ok=True)
            print(json.dumps(cost(name, Path(folder))), flush=True)
    except BaseException:  # noqa: BLE001 - it is told to who reads what is printed
        print(json.dumps({"name": name, "error": traceback.format_exc()}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
