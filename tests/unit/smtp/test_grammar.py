"""Paths as MAIL and RCPT take them (RFC 5321 §4.1.2, §4.1.3, RFC 6531 §3.3)."""

from __future__ import annotations

import pytest

from bitrixmail.model.address import Address
from bitrixmail.model.errors import PermanentError
from bitrixmail.smtp.grammar import Path, forward_path, reverse_path


def at(local_part: str, domain: str = "example.org") -> Address:
    return Address(local_part, domain)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("<info@example.org>", at("info")),
        ("<Info@EXAMPLE.Org>", at("Info")),
        ("<first.last@example.org>", at("first.last")),
        ("<!#$%&'*+-/=?^_`{|}~@example.org>", at("!#$%&'*+-/=?^_`{|}~")),
        ("<info@example.org.>", at("info")),
        ("<info@localhost>", at("info", "localhost")),
        ("<info@1.example.org>", at("info", "1.example.org")),
        ("<info@under_score.example.org>", at("info", "under_score.example.org")),
        ("<a@" + "x" * 63 + ".example.org>", at("a", "x" * 63 + ".example.org")),
        # quoted local-parts, taken out of their quotes
        ('<"info"@example.org>', at("info")),
        ('<"first last"@example.org>', at("first last")),
        ('<"a@b"@example.org>', at("a@b")),
        ('<"a>b<c"@example.org>', at("a>b<c")),
        (r'<"a\"b"@example.org>', at('a"b')),
        (r'<"a\\b"@example.org>', at("a\\b")),
        (r'<"\a\@"@example.org>', at("a@")),
        ('<""@example.org>', at("")),
        ('<".."@example.org>', at("..")),
        # address literals
        ("<info@[192.0.2.1]>", at("info", "[192.0.2.1]")),
        ("<info@[IPv6:2001:DB8::1]>", at("info", "[IPv6:2001:db8::1]")),
        ("<info@[ipv6:2001:db8:0:0:0:0:0:1]>", at("info", "[IPv6:2001:db8::1]")),
        ("<info@[x-tag:anything]>", at("info", "[x-tag:anything]")),
        # source routes, read past
        ("<@a.example:info@example.org>", at("info")),
        ("<@a.example,@b.example:info@example.org>", at("info")),
        ("<@[192.0.2.1]:info@example.org>", at("info")),
        # in more than ASCII
        ("<пётр@example.org>", at("пётр")),
        ("<info@Почта.РФ>", at("info", "xn--80a1acny.xn--p1ai")),
        ("<info@xn--80a1acny.xn--p1ai>", at("info", "xn--80a1acny.xn--p1ai")),
        ('<"пётр ильич"@example.org>', at("пётр ильич")),
        ("<😀@example.org>", at("😀")),
    ],
)
def test_a_path_is_an_address(text: str, address: Address) -> None:
    utf8 = not text.isascii()
    for space in ("", " "):
        assert forward_path(f"TO:{space}{text}".encode()) == Path(address, "", utf8)
        assert reverse_path(f"From:{space}{text}".encode()) == Path(address, "", utf8)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Info<info@example.org>",
        "info@example.org>",
    ],
)
def test_what_is_no_path_at_all_is_told_the_syntax(text: str) -> None:
    for read, keyword in ((forward_path, "TO:"), (reverse_path, "FROM:")):
        with pytest.raises(PermanentError) as caught:
            read(f"{keyword}{text}".encode())
        assert (caught.value.reply.code, caught.value.reply.enhanced) == (501, "5.5.2")


@pytest.mark.parametrize(
    "text",
    [
        "<",
        "<@>",
        "<@example.org>",
        "<info@>",
        "<info@@example.org>",
        "<a@b@example.org>",
        "<info@example..org>",
        "<info@.example.org>",
        "<info@-example.org>",
        "<info@example-.org>",
        "<info@exa mple.org>",
        "<info@example.org..>",
        "<info@" + "x" * 64 + ".org>",
        "<.info@example.org>",
        "info",
        " SIZE=1",
        '"Info" <info@example.org>',
        "info@",
        "a@b@example.org",
        "in fo@example.org",
        ".info@example.org",
        "<..@example.org>",
        "<in fo@example.org>",
        "<in\tfo@example.org>",
        "<in,fo@example.org>",
        "<in(fo)@example.org>",
        '<in"fo"@example.org>',
        '<"in"fo@example.org>',
        '<"info@example.org>',
        '<"in"fo"@example.org>',
        r'<"info\"@example.org>',
        '<"a\x01b"@example.org>',
        '<"a\u2028b"@example.org>',
        '<"a\u202eb"@example.org>',
        '<"a\x7fb"@example.org>',
        "<info@[192.0.2.256]>",
        "<info@[192.0.2]>",
        "<info@[192.0.2.1>",
        "<info@192.0.2.1]>",
        "<info@[]>",
        "<info@[IPv6:]>",
        "<info@[IPv6:xyz]>",
        "<info@[:x]>",
        "<info@[a b]>",
        "<@a.example info@example.org>",
        "<a.example:info@example.org>",
        "<@a.example:>",
        "<@:info@example.org>",
        "<info@example.org",
        "<info@xn--.org" + "\u0301" + ">",
        "<info@exam\u2024ple\u3002org\u3002\u3002>",
        "<info@" + ".".join(["x" * 60] * 5) + ">",
    ],
)
def test_a_path_of_a_wrong_form_is_501(text: str) -> None:
    for read, keyword, enhanced in (
        (forward_path, "TO:", "5.1.3"),
        (reverse_path, "FROM:", "5.1.7"),
    ):
        with pytest.raises(PermanentError) as caught:
            read(f"{keyword}{text}".encode())
        assert (caught.value.reply.code, caught.value.reply.enhanced) == (501, enhanced)


@pytest.mark.parametrize(
    "argument", [b"", b"TO", b"<info@example.org>", b"FROM :<a@example.org>", b"TO :<a@example.org>"]
)  # fmt: skip
def test_the_keyword_comes_first(argument: bytes) -> None:
    for read in (forward_path, reverse_path):
        with pytest.raises(PermanentError) as caught:
            read(argument)
        assert (caught.value.reply.code, caught.value.reply.enhanced) == (501, "5.5.2")


def test_what_is_no_utf8_is_501() -> None:
    for read, argument in (
        (forward_path, b"TO:<\xff@a.b>"),
        (reverse_path, b"FROM:<\xc0\xaf@a.b>"),
    ):
        with pytest.raises(PermanentError) as caught:
            read(argument)
        assert caught.value.reply.text == "Not UTF-8"


def test_the_null_sender_is_one_and_no_recipient() -> None:
    assert reverse_path(b"FROM:<>") == Path(None)
    assert reverse_path(b"FROM:<> SIZE=1") == Path(None, "SIZE=1")
    for text in (b"FROM:<>x", b"FROM:< >", b"FROM:<>>"):
        with pytest.raises(PermanentError):
            reverse_path(text)
    with pytest.raises(PermanentError) as caught:
        forward_path(b"TO:<>")
    assert caught.value.reply.enhanced == "5.1.3"


@pytest.mark.parametrize("text", [b"TO:<postmaster>", b"TO:<PostMaster>", b'TO:<"Postmaster">'])
def test_the_postmaster_needs_no_domain(text: bytes) -> None:
    address = forward_path(text).address
    assert address is not None
    assert address.local_part.lower() == "postmaster"
    assert address.domain == ""


@pytest.mark.parametrize("local_part", ["abuse", "info", "postmaster.", "postmaster+x"])
def test_nobody_else_does(local_part: str) -> None:
    with pytest.raises(PermanentError):
        forward_path(f"TO:<{local_part}>".encode())


def test_no_sender_is_without_a_domain() -> None:
    with pytest.raises(PermanentError):
        reverse_path(b"FROM:<postmaster>")


@pytest.mark.parametrize(("octets", "fits"), [(64, True), (65, False)])
@pytest.mark.parametrize("letter", ["x", "й"])
def test_a_recipients_local_part_has_64_octets(octets: int, fits: bool, letter: str) -> None:
    local_part = letter * (octets // len(letter.encode())) + "x" * (octets % len(letter.encode()))
    argument = f"<{local_part}@example.org>"
    assert reverse_path(f"FROM:{argument}".encode()).address == at(local_part)
    if fits:
        assert forward_path(f"TO:{argument}".encode()).address == at(local_part)
    else:
        with pytest.raises(PermanentError):
            forward_path(f"TO:{argument}".encode())


@pytest.mark.parametrize(("octets", "fits"), [(256, True), (257, False)])
def test_a_path_has_256_octets(octets: int, fits: bool) -> None:
    path = "<" + "x" * (octets - len("<@example.org>")) + "@example.org>"
    assert len(path) == octets
    if fits:
        assert reverse_path(f"FROM:{path}".encode()).address is not None
    else:
        with pytest.raises(PermanentError):
            reverse_path(f"FROM:{path}".encode())


@pytest.mark.parametrize("text", ["info@example.org", "Info@EXAMPLE.org", '"info"@example.org'])
def test_brackets_may_be_missing(text: str) -> None:
    found = forward_path(f"TO:<{text}>".encode())
    for space in ("", " "):
        assert forward_path(f"TO:{space}{text}".encode()) == found
        assert reverse_path(f"FROM:{space}{text} SIZE=1".encode()) == found._replace(
            parameters="SIZE=1"
        )


def test_the_postmaster_needs_no_brackets_either() -> None:
    assert forward_path(b"TO:postmaster") == forward_path(b"TO:<postmaster>")


@pytest.mark.parametrize(
    "local_part", ["in..fo", "info.", "in...fo..", "a.b..c.", "a" * 200 + ".."]
)
def test_a_senders_dots_may_stand_anywhere_but_first(local_part: str) -> None:
    text = f"<{local_part}@docomo.example>"
    path = reverse_path(f"FROM:{text}".encode())
    assert path == Path(at(local_part, "docomo.example"))
    # it is written down in quotes, where dots may stand as they like
    assert reverse_path(f"FROM:<{path.address}>".encode()) == path
    with pytest.raises(PermanentError) as caught:
        forward_path(f"TO:{text}".encode())
    assert caught.value.reply.enhanced == "5.1.3"


def test_parameters_stand_behind_a_space() -> None:
    assert reverse_path(b"FROM:<a@b.example>  SIZE=1 BODY=7BIT ").parameters == "SIZE=1 BODY=7BIT"
    assert forward_path(b"TO:<a@b.example> NOTIFY=NEVER").parameters == "NOTIFY=NEVER"
    for text in (b"<a@b.example>SIZE=1", b"<a@b.example>\tSIZE=1", b"<a@b.example>>"):
        with pytest.raises(PermanentError) as caught:
            reverse_path(b"FROM:" + text)
        assert caught.value.reply.code == 501
