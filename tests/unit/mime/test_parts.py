from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import Attachment, Body, BodyLimits, parse_body
from tests.corpus.compound_file import compound

CHARSETS = ("windows-1251", "koi8-r", "cp866", "utf-8", "iso-8859-5")
TEXT = "Добрый день!\nНаправляем вам счёт № 17 = 100 руб. Просим оплатить его до пятницы.\n"
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 4


def quoted(octets: bytes) -> bytes:
    return binascii.b2a_qp(octets, istext=False).replace(b"=\n", b"=\r\n")


def encoded64(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "8bit": bytes,
    "quoted-printable": quoted,
    "BASE64": encoded64,
}


def read(message: bytes, limits: BodyLimits | None = None) -> Body:
    return parse_body(message, HeaderSection.parse(message), limits or BodyLimits())


def part(body: bytes | str, *fields: str) -> bytes:
    octets = body.encode() if isinstance(body, str) else body
    return "".join(f"{field}\r\n" for field in fields).encode() + b"\r\n" + octets


def multipart(kind: str, *parts: bytes, boundary: str = "b", close: bool = True) -> bytes:
    octets = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    for each in parts:
        octets += b"--" + boundary.encode() + b"\r\n" + each + b"\r\n"
    return octets + (b"--" + boundary.encode() + b"--\r\n" if close else b"")


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("declares", [True, False])
def test_russian_text(charset: str, encoding: str, declares: bool) -> None:
    octets = ENCODINGS[encoding](TEXT.replace("№", "N").encode(charset).replace(b"\n", b"\r\n"))
    declared = f"; charset={charset.upper()}" if declares else ""
    body = read(
        part(
            octets, f"Content-Type: text/plain{declared}", f"Content-Transfer-Encoding: {encoding}"
        )
    )
    assert body.text.rstrip("\r\n") == TEXT.replace("№", "N").rstrip("\n")
    assert body.charset == charset
    assert body.attachments == ()
    assert body.complete


@pytest.mark.parametrize("charset", ["no-such-charset", "us-ascii", "utf-8", "../etc", "rot13"])
def test_a_wrong_charset_is_passed_over(charset: str) -> None:
    body = read(
        part(TEXT.encode("cp1251", "replace"), f"Content-Type: text/plain; charset={charset}")
    )
    assert "Направляем вам счёт" in body.text


def test_a_message_without_a_type_is_text() -> None:
    assert read(b"Subject: x\r\n\r\nHello\r\nyou\r\n").text == "Hello\nyou\n"
    assert read(b"Subject: x\r\n\r\nHello").charset == "us-ascii"
    assert read(b"Subject: x") == Body("", "us-ascii", (), complete=True)


def test_one_broken_octet_does_not_spoil_a_charset() -> None:
    octets = ("слово " * 20).encode() + b"\xff " + "конец".encode()
    body = read(part(octets, "Content-Type: text/plain; charset=utf-8"))
    assert body.text.startswith("слово слово")
    assert body.text.endswith("конец")
    assert body.charset == "utf-8"


def test_of_alternatives_all_are_read_whichever_a_reader_shows() -> None:
    plain = part("plain", "Content-Type: text/plain; charset=utf-8")
    html = part("<p>page", "Content-Type: text/html")
    assert read(multipart("alternative", plain, html)).text == "plain\npage"
    assert read(multipart("alternative", part("."), html)).text == ".\npage"
    assert read(multipart("alternative", html)).text == "page"
    related = multipart("related", html, boundary="inner")
    assert read(multipart("alternative", plain, related)).text == "plain\npage"
    assert read(multipart("mixed", plain, html)).text == "plain\npage"


def test_a_real_letter() -> None:
    message = EmailMessage()
    message["Subject"] = "x"
    message.set_content("Здравствуйте!\n", charset="koi8-r")
    message.add_alternative("<p>Здравствуйте!</p><img src='cid:1'>", subtype="html")
    message.add_attachment(
        PDF, maintype="application", subtype="octet-stream", filename="счёт 17.pdf"
    )
    message.add_attachment("a;b\n", subtype="csv", filename="таблица.csv", charset="utf-8")
    for linesep in ("\r\n", "\n"):
        octets = message.as_bytes(policy=message.policy.clone(linesep=linesep))
        body = read(octets)
        assert body.text.split() == ["Здравствуйте!", "Здравствуйте!"]
        assert body.charset == "koi8-r"
        pdf, table = body.attachments
        assert pdf == Attachment(
            "счёт 17.pdf", "application/octet-stream", "application/pdf", len(PDF)
        )
        assert (table.name, table.declared_type, table.type) == (
            "таблица.csv",
            "text/csv",
            "text/csv",
        )


@pytest.mark.parametrize(
    "field",
    [
        'Content-Disposition: attachment; filename="счёт.pdf"',
        'Content-Disposition: attachment; filename="=?koi8-r?B?'
        + base64.b64encode("счёт.pdf".encode("koi8-r")).decode() + '?="',
        "Content-Disposition: attachment; filename*=windows-1251''%F1%F7%B8%F2.pdf",
        "Content-Disposition: attachment; filename*0*=utf-8''%D1%81%D1%87%D1; filename*1*=%91%D1%82.pdf",
        'Content-Type: application/pdf; name="счёт.pdf"',
    ],
)  # fmt: skip
def test_names_of_attachments(field: str) -> None:
    message = multipart("mixed", part("x", field))
    assert [each.name for each in read(message).attachments] == ["счёт.pdf"]


@pytest.mark.parametrize("name", ["x.exe.", "x.exe. .", "x.exe\u200b", "x\u202e.exe"])
def test_a_name_is_what_a_desktop_makes_of_it(name: str) -> None:
    word = base64.b64encode(name.encode()).decode()
    octets = part("MZ", f'Content-Disposition: attachment; filename="=?utf-8?B?{word}?="')
    (attachment,) = read(octets).attachments
    assert attachment.name.endswith(".exe")


def test_a_name_in_octets_of_no_declared_charset() -> None:
    name = "Договор поставки.doc"
    field = f'Content-Disposition: attachment; filename="{name}"\r\n\r\nx'.encode("cp1251")
    assert read(multipart("mixed", field)).attachments[0].name == name


def test_text_with_a_name_is_both_unless_it_is_attached() -> None:
    inline = part("note", "Content-Type: text/plain; name=a.txt")
    body = read(multipart("mixed", inline))
    assert (body.text, body.attachments[0].name) == ("note", "a.txt")
    attached = part(
        "note", "Content-Disposition: attachment", "Content-Type: text/plain; name=a.txt"
    )
    body = read(multipart("mixed", attached))
    assert (body.text, body.attachments[0].name) == ("", "a.txt")
    assert body.charset == ""


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [0, 1, 2, 3, 56, 57, 58, 5000])
def test_the_size_of_an_attachment_is_the_decoded_one(encoding: str, size: int) -> None:
    octets = ENCODINGS[encoding](PDF[:size].ljust(size, b"\x00").replace(b"\n", b"\x01"))
    message = multipart(
        "mixed", part(octets, "Content-Type: a/b", f"Content-Transfer-Encoding: {encoding}")
    )
    (attachment,) = read(message).attachments
    assert attachment.size_octets == size


def test_nested_boundaries_that_begin_alike() -> None:
    inner = multipart("mixed", part("one"), part("two"), boundary="bbb")
    middle = multipart("mixed", inner, part("three"), boundary="bb")
    message = multipart("mixed", middle, part("--b-c\r\nfour\r\n--bbbb\r\n--b -- \r\n"))
    assert read(message).text == "one\ntwo\nthree\n--b-c\nfour\n--bbbb\n--b -- \n"


def test_a_missing_close_delimiter_ends_at_the_outer_one() -> None:
    inner = multipart("mixed", part("one"), boundary="in", close=False)
    assert read(multipart("mixed", inner, part("two"))).text == "one\n\ntwo"
    assert read(multipart("mixed", part("one"), part("two"), close=False)).text == "one\ntwo\n"


def test_what_stands_around_the_parts_is_nobodys_text() -> None:
    message = multipart("mixed", part("one")) + b"epilogue\r\n"
    assert read(message.replace(b"\r\n\r\n--b", b"\r\n\r\npreamble\r\n--b", 1)).text == "one"


def test_bare_line_feeds_and_padded_delimiters() -> None:
    message = multipart("mixed", part("one"), part("two")).replace(b"\r\n", b"\n")
    assert read(message).text == "one\ntwo"
    assert read(message.replace(b"--b\n", b"--b \t\n")).text == "one\ntwo"


def test_a_part_without_a_body() -> None:
    message = multipart("mixed", b"Content-Type: text/plain", part("two"))
    assert read(message).text == "two"
    assert read(multipart("mixed", b"Content-Type: a/b", part("two"))).attachments[0].type == "a/b"


def test_a_part_without_a_body_has_no_fields_of_the_next_one() -> None:
    body = read(multipart("mixed", b"X: y", part("two", "Content-Type: a/b")))
    assert len(body.attachments) == 1


def test_a_multipart_without_delimiters_or_boundary_is_read_all_the_same() -> None:
    assert read(b"Content-Type: multipart/mixed; boundary=b\r\n\r\nplain").text == "plain"
    assert read(b"Content-Type: multipart/mixed\r\n\r\nplain").text == "plain"
    message = multipart("mixed", part("<p>one", "Content-Type: text/html")).replace(
        b'; boundary="b"', b""
    )
    assert read(message).text == "one"


def test_an_attached_message_is_an_attachment() -> None:
    forwarded = part("inside", "Subject: y", "From: a@example.net")
    message = multipart("mixed", part("see"), part(forwarded, "Content-Type: message/rfc822"))
    body = read(message)
    assert body.text == "see"
    assert [each.type for each in body.attachments] == ["message/rfc822"]
    digest = multipart("digest", part(forwarded))
    assert [each.declared_type for each in read(digest).attachments] == ["message/rfc822"]


def test_what_the_octets_are_counts_and_not_what_is_said() -> None:
    message = multipart(
        "mixed",
        part(encoded64(b"MZ\x90\x00" + bytes(60)), "Content-Type: image/png; name=cat.png",
             "Content-Transfer-Encoding: base64"),
        part("just words", "Content-Type: Application/X-Unknown"),
    )  # fmt: skip
    program, words = read(message).attachments
    assert program.type == "application/vnd.microsoft.portable-executable"
    assert program.declared_type == "image/png"
    assert words.type == words.declared_type == "application/x-unknown"


def test_letters_nobody_sees_are_taken_out() -> None:
    assert (
        read(part("ка\u200bзи\u00adно", "Content-Type: text/plain; charset=utf-8")).text == "казино"
    )
    page = part("ка&#8203;зи<b></b>&shy;но", "Content-Type: text/html; charset=utf-8")
    assert read(page).text == "казино"


def test_a_page_says_its_charset_where_the_message_does_not() -> None:
    page = '<html><meta http-equiv="Content-Type" content="text/html; charset=koi8-r"><p>Акт'
    body = read(part(page.encode("koi8-r"), "Content-Type: text/html"))
    assert (body.text, body.charset) == ("Акт", "koi8-r")


def test_a_page_in_a_charset_nobody_would_guess() -> None:
    page = '<meta charset="x-mac-cyrillic"><p>Акт'
    assert read(part(page.encode("mac-cyrillic"), "Content-Type: text/html")).text == "Акт"


def test_a_guess_looks_at_the_letters_that_need_one() -> None:
    text = "see http://example.net/ " * 100 + "\nНаправляем вам счёт"
    assert read(part(text.encode("koi8-r"))).text == text


@pytest.mark.parametrize("sector", [40, 41, 42])
def test_a_file_that_says_elsewhere_what_it_is(sector: int) -> None:
    for columns, end in ((76, b"\r\n"), (60, b"\n"), (77, b"\r\n"), (10**6, b"\n")):
        encoded = base64.b64encode(compound("WordDocument", sector=sector))
        lines = [encoded[at : at + columns] for at in range(0, len(encoded), columns)]
        fields = "Content-Type: a/b", "Content-Transfer-Encoding: base64"
        (attachment,) = read(multipart("mixed", part(end.join(lines), *fields))).attachments
        assert attachment.type == "application/msword"
        assert attachment.size_octets == 512 * (sector + 1) + 256


def test_limits_cut_and_say_so() -> None:
    long = part("x" * 1000)
    assert read(long, BodyLimits(max_text_octets=1000)).complete
    cut = read(long, BodyLimits(max_text_octets=999))
    assert (len(cut.text), cut.complete) == (999, False)
    both = read(multipart("mixed", long, long), BodyLimits(max_text_octets=1500))
    assert (both.text.count("x"), both.complete) == (1500, False)
    page = part("y" * 1000, "Content-Type: text/html")
    assert read(page, BodyLimits(max_html_octets=10)).text == "y" * 10
    pages = multipart("mixed", page, page, long)
    text = read(pages, BodyLimits(max_html_octets=1500)).text
    assert (text.count("y"), text.count("x")) == (1500, 1000)


def test_the_number_of_parts_is_bounded() -> None:
    message = multipart("mixed", *[part("a", "Content-Type: a/b")] * 50)
    assert read(message, BodyLimits(max_parts=51)).complete
    cut = read(message, BodyLimits(max_parts=50))
    assert (len(cut.attachments), cut.complete) == (49, False)


def test_the_depth_is_bounded() -> None:
    message = part("deep")
    for level in range(5):
        message = multipart("mixed", message, boundary=f"x{level}")
    assert read(message, BodyLimits(max_depth=5)) == Body("deep", "us-ascii", (), complete=True)
    assert not read(message, BodyLimits(max_depth=4)).complete


def test_lines_like_delimiters_are_bounded() -> None:
    message = multipart("mixed", part("--bb\r\n" * 100), part("last"))
    assert "last" in read(message, BodyLimits(max_delimiters=110)).text
    assert not read(message, BodyLimits(max_delimiters=90)).complete


@pytest.mark.parametrize(
    ("encoding", "octets", "text"),
    [
        ("base64", b"0J/RgNC4\r\n!!0LLQtdGC*", "Привет"),
        ("base64", b"0A==\r\nnw==", "П"),
        ("base64", b"0J/RgNC40", "При"),
        ("base64", b"", ""),
        ("Base64 (yes)", b"YQ==", "a"),
        ("x-unknown", b"a=3D", "a=3D"),
        ("quoted-printable", b"a=3Db=ZZ=\r\nc=", "a=b=ZZc"),
        ("quoted-printable", b"=D0=9F=d1=80", "Пр"),
        # it says 29 octets and holds three
        ("x-uuencode", b"begin 644 a.txt\r\n=0V%T\r\nend\r\n", "Cat"),
        ("x-uuencode", b"begin 644 a.txt\r\n#0V%T\r\n\r\n`\r\nend\r\nno", "Cat"),
    ],
)
def test_transfer_encodings(encoding: str, octets: bytes, text: str) -> None:
    message = part(
        octets, "Content-Type: text/plain; charset=utf-8", f"Content-Transfer-Encoding: {encoding}"
    )
    assert read(message).text == text
