"""What the pages are sent: HTML of messages, forms of browsers, searches; and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Hashable
from datetime import UTC
from html.parser import HTMLParser

from sqlalchemy import create_engine
from sqlalchemy.engine import Connection

from bitrixmail.admin.search_language import read_search
from bitrixmail.model.errors import InputError
from bitrixmail.store import search_reading
from bitrixmail.store.schema import metadata
from bitrixmail.store.search_reading import Question
from bitrixmail.web.http.forms import MOST_FIELDS, read_form
from bitrixmail.web.mail_html import Picture, clean, entangled
from bitrixmail.web.rule_form.form import form_of
from bitrixmail.web.rule_form.reading import rule_of
from tests.fuzz.file_targets import assert_told
from tests.fuzz.target import Target, size_class

_PICTURES = {"p@x": Picture("image/png", b"\x89PNG"), "s@x": Picture("image/svg+xml", b"<svg>")}
_ENCLOSED = re.compile(r"""\([^)]*\)?|"[^"]*"?|'[^']*'?""")
_NEVER = {
    "script", "style", "iframe", "frame", "object", "embed", "svg", "math", "form", "input", "button", "select",
    "textarea", "meta", "link", "base", "template", "title", "noscript", "plaintext", "xmp", "body", "html",
}  # fmt: skip
_LOADED = (
    "href",
    "src",
    "srcset",
    "background",
    "action",
    "data",
    "formaction",
    "poster",
    "xlink:href",
)


class _Look(HTMLParser):
    """Goes through what is shown, as a reader of its own."""

    def __init__(self, *, images: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._images = images
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in _NEVER, tag
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), name
            assert name not in {"id", "name", "class", "srcdoc"}, name
            if name in _LOADED:
                self._loaded(tag, name, (value or "").strip().lower())
            if name == "style":
                self._styled((value or "").lower())

    def _styled(self, value: str) -> None:
        for trick in ("url", "expression", "\\", "import"):
            assert trick not in value, value
        # What stands in brackets or quotes belongs to one value
        for declared in _ENCLOSED.sub("", value).split(";"):
            assert declared.partition(":")[0].strip() not in {"position", "display", "z-index"}, (
                value
            )

    def _loaded(self, tag: str, name: str, value: str) -> None:
        if (tag, name) == ("a", "href"):
            assert value.startswith(("http:", "https:", "mailto:", "tel:")), value
        else:
            assert (tag, name) == ("img", "src"), (tag, name)
            within = value.startswith("data:image/") and not value.startswith("data:image/svg")
            assert within or (self._images and value.startswith(("http:", "https:"))), value

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def _looked(html: str, *, images: bool) -> list[str]:
    look = _Look(images=images)
    look.feed(html)
    look.close()
    return look.tags


def _washed(given: bytes) -> Hashable:
    text = given.decode("utf-8", "replace")
    if entangled(text):
        return "entangled"
    images = len(text) % 2 == 1
    cleaned = clean(text, _PICTURES, images=images)
    tags = _looked(cleaned.html, images=images)
    # Whoever reads it once more, as a browser does, finds nothing else in it either
    _looked(clean(cleaned.html, {}, images=images).html, images=images)
    return tuple(tags[:8]), min(cleaned.remote, 2), size_class(len(cleaned.html))


def washed() -> Target:
    """The HTML of a message, made harmless."""
    return Target(
        "washed",
        _washed,
        seeds=(
            b'<p style="color:red;position:fixed">x <a href="https://x.example/?a=1&b">y</a><img src="cid:p@x">',
            b'<table bgcolor=red><tr><td><b>a<p>b</b>c</table><img src=https://x.example/1.png alt="\'">',
            b"<svg><style><img src=x onerror=alert(1)></style></svg><math><mtext><table><mglyph><style><!--</style>",
        ),
        words=(
            b"<p>", b"</p>", b"<a href=", b"<a href='javascript:alert(1)'>", b"<img src=", b"cid:p@x", b"cid:s@x", b"data:image/svg+xml;base64,",
            b"data:image/png;base64,AAAA", b" onerror=alert(1) ", b"<svg>", b"</svg>", b"<math>", b"<mtext>", b"<style>", b"</style>", b"<!--", b"-->",
            b"--!>", b"<![CDATA[", b"]]>", b"<noscript>", b"<template>", b"<select>", b"<table>", b"<tr>", b"<td>", b"<form action=x>", b"<base href=//x>",
            b"<meta http-equiv=refresh content=0>", b"<iframe srcdoc=", b"<plaintext>", b"<xmp>", b"<title>", b"<textarea>", b"&lt;", b"&#x3c;", b"&#0;",
            b"&colon;", b"&Tab;", b"java\tscript:", b"\0", b"\x0c", b"\xe2\x80\xa8", b'"', b"'", b"`", b"=", b"/", b">", b"<", b"style=", b"url(//x)",
            b"width:expression(1)", b"\\75rl(", b"/**/", b"id=x", b"name=body", b"<b>", b"</b>", b"<li>", b"<font color=", b"<annotation-xml encoding=text/html>",
            b"<mglyph>", b"<malignmark>", b"<desc>", b"<foreignObject>", b"</br>", b"<a><a>", b"<frameset>", b"</body>", b"<?xml ?>", b"<!doctype x>",
        ),
        max_octets=1500,
    )  # fmt: skip


def _forms(given: bytes) -> Hashable:
    kind, _, octets = given.partition(b"\n")
    try:
        sent = read_form(kind.decode("latin-1"), octets)
    except InputError as error:
        return assert_told(error)
    assert sum(map(len, sent.fields.values())) + len(sent.files) <= MOST_FIELDS + 1
    assert sum(len(each) for _name, each in sent.files.values()) <= len(octets)
    for name, texts in sent.fields.items():
        for text in (name, *texts):
            text.encode("utf-8")
    rule, faults = rule_of(form_of(sent.fields))
    for found in faults.values():
        assert_told(InputError(*found))
    return (
        tuple(sorted(sent.fields)[:4]),
        len(sent.files),
        size_class(len(faults)),
        len(rule.actions),
    )


def forms() -> Target:
    """A form as a browser sends it, read; and as that of a rule."""
    rule = (
        b"name=x&order=500&on=receive&active=yes&c.kind=all&c.0.kind=test&c.0.field=subject&c.0.op=contains"
        b"&c.0.value=a%0Ab&c.1.kind=any&c.1.0.kind=test&a.0.do=move&a.0.argument=Invoices&a.1.do=reply&a.1.s.text=x"
    )
    part = b'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\nabc\r\n'
    file = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.eml"\r\nContent-Type: x/y\r\n\r\nA: b\r\n\r\n'
    return Target(
        "forms",
        _forms,
        seeds=(
            b"application/x-www-form-urlencoded\n" + rule,
            b"multipart/form-data; boundary=b\n" + part + file + b"\r\n--b--\r\n",
        ),
        words=(
            b"&", b"=", b"%", b"%00", b"%FF", b"%D0%B9", b"+", b";", b"c.kind=any", b"c.9999.kind=test", b"&c.0.kind=not", b"&c.0.0.kind=all",
            b"&a.0.do=reject", b"&a.7.do=forward&a.7.argument=x@example.org", b"&a.0.s.once_per=7d", b"&c.0.op=regex&c.0.value=(", b"&order=9e9",
            b"&on=schedule&schedule=*", b"&c.0.field=size", b"&c.0.field=score", b"&c.0.of=X-A", b"&c.0.exact=yes", b"&whose=x@y", b"&c.0.lists=a",
            b"\r\n--b\r\n", b"--b--", b"\r\n\r\n", b"Content-Disposition: form-data; name=", b'filename="', b"filename*=utf-8''%D0", b"name*=x''y",
            b"boundary=", b'boundary=""', b"multipart/form-data", b"\n", b"\0", b"\xff", b"&a" * 1001,
        ),
        max_octets=4000,
    )  # fmt: skip


def _connection() -> Connection:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    return engine.connect()


def search() -> Target:
    """The language of the search box: read, and asked of a database."""
    connection = _connection()

    def run(given: bytes) -> Hashable:
        try:
            sought = read_search(given.decode("utf-8", "replace"), UTC)
        except InputError as error:
            return assert_told(error)
        assert not search_reading.search(
            connection, Question(sought, None, 5, 10, newer=False)
        ).hits
        return tuple((term.field, term.op, term.negated) for term in sought.terms[:5])

    return Target(
        "search",
        run,
        seeds=(
            'from:buyer-7 subject:"счёт 5" has:attachment before:2026-03-02 score>5 size<=1MiB is:unread -folder:INBOX'.encode(),
            "от:вася тема:заказ ящик:info@example.org есть:вложение после:2026-01-01".encode(),
        ),
        words=(
            b"from:", b"to:", b"subject:", b"mailbox:", b"folder:", b"has:", b"before:", b"after:", b"score", b"size", b"is:", b"id:", b">", b"<", b">=", b"=",
            b'"', b"-", b" ", b"attachment", b"spam", b"unread", b"flagged", b"2026-01-01", b"9999-12-31", b"0001-01-01", b"nan", b"inf", b"1e308", b"1_0",
            b"-5", b"%", b"_", b"\\", b"'", b"\0", b"\xff", "тема:".encode(), "ß".encode(), "İ".encode(), b"99999999999999999999GiB", b"today", b"x" * 900,
        ),
        max_octets=1200,
    )  # fmt: skip
