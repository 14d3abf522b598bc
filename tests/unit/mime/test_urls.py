from __future__ import annotations

import pytest

from bitrixmail.mime.urls import read_url, redirected


@pytest.mark.parametrize(
    ("text", "url", "place"),
    [
        ("https://crm.example.org", "https://crm.example.org/", "crm.example.org:443"),
        ("HTTP://CRM.Example.org:80/a", "http://crm.example.org/a", "crm.example.org:80"),
        ("http://127.0.0.1:8080/a?b=c", "http://127.0.0.1:8080/a?b=c", "127.0.0.1:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080/", "[::1]:8080"),
        ("https://почта.рф/письмо", "https://xn--80a1acny.xn--p1ai/%D0%BF%D0%B8%D1%81%D1%8C%D0%BC%D0%BE", "xn--80a1acny.xn--p1ai:443"),
        ("https://a.example/x%20y#part", "https://a.example/x%20y", "a.example:443"),
    ],
)  # fmt: skip
def test_a_url_in_its_one_form(text: str, url: str, place: str) -> None:
    found = read_url(text)
    assert (found.url, found.place) == (url, place)
    assert read_url(found.url) == found


@pytest.mark.parametrize(
    "text",
    [
        "crm.example.org",
        "ftp://crm.example.org/",
        "file:///etc/passwd",
        "https://",
        "https:///a",
        "https://user@crm.example.org/",
        "https://crm.example.org\\@127.0.0.1/",
        "https://crm.example.org/\r\nHost: x",
        "https://crm.example.org /",
        "https://crm.example.org:0/",
        "https://crm.example.org:99999/",
        "https://[::1/",
        "http://2130706433/",
        "http://127.1/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://-a-/",
        "https://crm.example.org/" + "x" * 2000,
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|is no URL)"):
        read_url(text)


def test_where_an_answer_leads() -> None:
    before = read_url("https://a.example/b/c?d")
    assert redirected(before, "/e").url == "https://a.example/e"
    assert redirected(before, "e").url == "https://a.example/b/e"
    assert redirected(before, "//b.example/").place == "b.example:443"
    for bad in ("gopher://a.example/", "https://a@b.example/", "/\r\nx", "javascript:x"):
        with pytest.raises(ValueError, match=r"must"):
            redirected(before, bad)
