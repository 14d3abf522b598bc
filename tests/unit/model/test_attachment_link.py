"""Links to files of messages: good as they were signed, and in no other way."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from bitrixmail.model.attachment_link import AttachmentLink, is_signed, read_link, signed_path

KEY = b"k" * 32
LINK = AttachmentLink("1K1BNKPTT23MEC", 2, 1_764_367_200)


def test_what_was_signed_is_read_and_believed() -> None:
    path = urlsplit(signed_path(KEY, LINK))
    folder, queue_id, part = path.path.split("/")
    query = parse_qs(path.query)
    assert folder == "attachments"
    assert read_link(queue_id, part, query["expires"][0]) == LINK
    assert is_signed(KEY, LINK, query["signature"][0])


@pytest.mark.parametrize(
    "changed",
    [
        LINK._replace(queue_id="1K1BNKPTT23MED"),
        LINK._replace(part=1),
        LINK._replace(expires=1_764_367_201),
    ],
)
def test_nothing_of_it_can_be_changed(changed: AttachmentLink) -> None:
    signature = signed_path(KEY, LINK).rpartition("=")[2]
    assert not is_signed(KEY, changed, signature)
    assert not is_signed(b"x" * 32, LINK, signature)
    assert not is_signed(KEY, LINK, signature.upper())
    assert not is_signed(KEY, LINK, signature[:-1])
    assert not is_signed(KEY, LINK, "\N{FULLWIDTH DIGIT ONE}" * 64)


@pytest.mark.parametrize(
    ("queue_id", "part", "expires"),
    [
        ("..", "1", "1"), ("a/b", "1", "1"), ("", "1", "1"), ("A" * 33, "1", "1"),
        ("A", "0", "1"), ("A", "01", "1"), ("A", "-1", "1"), ("A", "\N{ARABIC-INDIC DIGIT ONE}", "1"),
        ("A", "1", ""), ("A", "1", "1e9"), ("A", "1" * 13, "1"),
    ],
)  # fmt: skip
def test_what_is_none_is_not_read(queue_id: str, part: str, expires: str) -> None:
    assert read_link(queue_id, part, expires) is None
