"""Paths and parameters: what is written can be read, and nothing can be read as two things."""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.model.address import Address
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.text import printable
from bitrixmail.smtp.grammar import Path, forward_path, reverse_path
from bitrixmail.smtp.parameters import recipient_parameters, sender_parameters, xtext

LETTERS = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"))
LOCAL_PARTS = st.text(LETTERS, max_size=40).filter(
    lambda text: len(text.encode()) <= 64 and printable(text) == text
)
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).filter(
    lambda label: not label.startswith("xn--")
)
DOMAINS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
LITERALS = st.one_of(
    st.ip_addresses(v=4).map(lambda found: f"[{found}]"),
    st.ip_addresses(v=6).map(lambda found: f"[IPv6:{found}]"),
)
ADDRESSES = st.builds(Address, LOCAL_PARTS, st.one_of(DOMAINS, LITERALS))
PIECES = st.sampled_from(
    ["<", ">", "@", '"', "\\", ":", ",", ".", " ", "[", "]", "a", "b.c", "example.org", "п", "\0",
     "\r", "\n", "IPv6:", "::1", "192.0.2.1", "postmaster", "%", "!", "=", "SIZE=1", "\u2028"]
)  # fmt: skip
JUNK = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=20).map("".join),
    st.text(max_size=10).map('"{}"@example.org'.format),
)


@settings(deadline=None)
@given(ADDRESSES)
def test_an_address_that_is_written_is_read_again(address: Address) -> None:
    text = f"<{address}>"
    found = forward_path(b"TO:" + text.encode())
    assert found.address == address
    assert found.utf8 is not text.isascii()
    assert reverse_path(b"FROM:" + text.encode()).address == address


@settings(deadline=None)
@given(ADDRESSES, st.lists(DOMAINS, min_size=1, max_size=3))
def test_a_source_route_changes_nothing(address: Address, hosts: list[str]) -> None:
    route = ",".join(f"@{host}" for host in hosts)
    assert forward_path(f"TO:<{route}:{address}>".encode()).address == address


def read_or_code(read: Callable[[bytes], Path], argument: str) -> Path | int:
    try:
        return read(argument.encode("utf-8", "surrogatepass"))
    except PermanentError as error:
        return error.reply.code


@settings(deadline=None)
@given(JUNK)
def test_any_text_is_an_address_or_a_refusal(text: str) -> None:
    for read, keyword in ((forward_path, "TO:"), (reverse_path, "FROM:")):
        for argument in (keyword + text, f"{keyword}<{text}>"):
            found = read_or_code(read, argument)
            if not isinstance(found, Path):
                assert found == 501
            elif found.address is None:
                assert argument.startswith("FROM:")
            else:
                # what was taken for one address is one, however it is written down again
                written = str(found.address)
                assert printable(written, 1000) == written
                assert found.address.domain.isascii()
                again = read_or_code(read, f"{keyword}<{written}>")
                assert isinstance(again, Path)
                assert again.address == found.address


@settings(deadline=None)
@given(JUNK)
def test_any_text_is_parameters_or_a_refusal(text: str) -> None:
    codes = set()
    for read in (recipient_parameters, lambda given: sender_parameters(given, 1000)):
        try:
            read(text)
        except PermanentError as error:
            codes.add(error.reply.code)
    assert codes <= {501, 552, 555}


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_xtext_gives_back_what_went_in(plain: str) -> None:
    assert xtext(re.sub(r"[+= ]", lambda found: f"+{ord(found[0]):02X}", plain)) == plain
