from __future__ import annotations

import pytest

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import BodyLimits
from bitrixmail.mime.unpacking import Unpacked, unpack
from tests.corpus.fields import attachment, mixed, text_part


def unpacked(octets: bytes, limits: BodyLimits | None = None) -> Unpacked:
    return unpack(octets, HeaderSection.parse(octets), limits or BodyLimits())


def test_text_html_and_files() -> None:
    alternative = (
        b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\n'
        + text_part("Привет", "koi8-r")
        + b"\r\n--b\r\n"
        + text_part("<p>Привет</p>", subtype="html")
        + b"\r\n--b--\r\n"
    )
    picture = (
        b"Content-Type: image/png; name=a.png\r\nContent-ID: <pic@x>\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo="
    )
    file = attachment("счёт.pdf", "application/pdf", b"%PDF-1.4\n")
    body = unpacked(mixed(b"Subject: x\r\n", alternative, picture, file))
    assert (body.text, body.html, body.complete) == ("Привет", "<p>Привет</p>", True)
    assert [
        (each.name, each.type, each.content_id, each.inline, each.size_octets, each.octets)
        for each in body.enclosures
    ] == [
        ("a.png", "image/png", "pic@x", True, 8, b"\x89PNG\r\n\x1a\n"),
        ("счёт.pdf", "application/pdf", "", False, 9, b"%PDF-1.4\n"),
    ]


def test_html_alone_gives_a_text() -> None:
    body = unpacked(
        b"Content-Type: text/html; charset=utf-8\r\n\r\n<b>Hi</b><script>x</script><p>you\r\n"
    )
    assert (body.text, body.html) == ("Hi\nyou", "<b>Hi</b><script>x</script><p>you\n")


def test_an_attached_message_and_a_text_with_a_name_are_files() -> None:
    message = b"Content-Type: message/rfc822\r\n\r\nSubject: within\r\n\r\nbody"
    named = b'Content-Type: text/plain; name="a.txt"\r\n\r\nof a file'
    body = unpacked(mixed(b"", text_part("Hi"), message, named))
    assert body.text == "Hi"
    assert [(each.type, each.octets) for each in body.enclosures] == [
        ("message/rfc822", b"Subject: within\r\n\r\nbody"),
        ("text/plain", b"of a file"),
    ]


def test_what_is_too_long_is_cut_and_said_so() -> None:
    body = unpacked(mixed(b"", text_part("x" * 100)), BodyLimits(max_text_octets=10))
    assert (body.text, body.complete) == ("x" * 10, False)
    parts = [text_part(str(number)) for number in range(5)]
    body = unpacked(mixed(b"", *parts), BodyLimits(max_parts=3))
    assert (body.text, body.complete) == ("0\n1", False)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("../../etc/pa ss.pdf", "pa ss.pdf"),
        ("C:\\\\Temp\\\\a.txt", "a.txt"),
        ("/etc/passwd", "passwd"),
        ("..", ""),
        ("a/", ""),
        ("=?utf-8?Q?a=0D=0AX:_y=00=E2=80=AE.txt?=", "a  X: y .txt"),
        ("=?utf-8?Q?=2E=2E=2Fb?=", "b"),
        ("Счёт 17.pdf", "Счёт 17.pdf"),
    ],
)
def test_the_name_of_a_file_is_no_path(written: str, told: str) -> None:
    part = f'Content-Disposition: attachment; filename="{written}"\r\n\r\nx'.encode()
    (found,) = unpacked(mixed(b"", part)).enclosures
    assert found.name == told


def test_no_name_of_a_file_has_letters_that_rule_a_terminal() -> None:
    part = b"Content-Disposition: attachment; filename*=utf-8''..%2Fa%0A%1Bb%E2%80%AE.txt\r\n\r\nx"
    (found,) = unpacked(mixed(b"", part)).enclosures
    assert found.name in {"ab.txt", "a  b.txt"}
