from __future__ import annotations

import pytest

from bitrixmail.mime.folder_names import decode_utf7, encode_utf7, from_maildir, to_maildir
from bitrixmail.mime.stored_marks import (
    Marks,
    from_head,
    from_maildir_name,
    maildir_letters,
    mark_fields,
)


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("1.2.host", Marks()),
        ("1.2.host:2,", Marks()),
        ("1.2.host:2,FRS", Marks(frozenset({"\\Seen", "\\Answered", "\\Flagged"}))),
        ("1.2.host:2,DPaz", Marks(frozenset({"\\Draft", "$Forwarded"}))),
        ("1.2.host:2,ST", Marks(frozenset({"\\Seen"}), deleted=True)),
    ],
)
def test_marks_in_a_name(name: str, marks: Marks) -> None:
    assert from_maildir_name(name) == ("1.2.host", marks)
    assert from_maildir_name(f"1:2,{maildir_letters(marks.flags)}")[1].flags == marks.flags


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_marks_in_fields_are_taken_out(end: bytes) -> None:
    head = (
        b"Subject: a\nStatus: RO\nX-Status: AFD\nX-Keywords: work %D1%81\n\ty\nX-UID: 7\nTo: b\n\n"
    ).replace(b"\n", end)
    flags = frozenset({"\\Seen", "\\Answered", "\\Flagged"})
    marks = Marks(flags, frozenset({"work", "с", "y"}), deleted=True)
    assert from_head(head) == (b"Subject: a\nTo: b\n\n".replace(b"\n", end), marks)


def test_only_whole_names_of_fields_count() -> None:
    head = b"X-Status-Of: AF\nMy-Status: R\nSubject: Status: R\n Status: R\n\n"
    assert from_head(head) == (head, Marks())


def test_thunderbird() -> None:
    head = (
        b"X-Mozilla-Status: 1005\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys: $label1   \nA: b\n"
    )
    marks = Marks(frozenset({"\\Seen", "\\Flagged", "$Forwarded", "$label1"}))
    assert from_head(head) == (b"A: b\n", marks)
    assert from_head(b"X-Mozilla-Status: 0009\n")[1].gone


def test_the_notes_of_other_programs_are_no_mail() -> None:
    subject = b"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
    assert from_head(subject + b"X-IMAP: 1 2\n")[1].gone
    assert not from_head(subject)[1].gone


def test_fields_are_read_back() -> None:
    flags = frozenset({"\\Seen", "\\Flagged", "$Forwarded"})
    tags = frozenset({"work", "срочно до пятницы", "100%"})
    written = mark_fields(flags, tags)
    assert written.startswith(b"Status: RO\nX-Status: F\nX-Keywords: $Forwarded 100%25 work %D1")
    rest, marks = from_head(written)
    assert (rest, marks) == (b"", Marks(flags, tags))
    assert mark_fields(frozenset(), frozenset()) == b"Status: O\n"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Archive", "Archive"),
        ("&BBIERQQ+BDQETwRJBDgENQ-", "Входящие"),
        ("R&-D", "R&D"),
        ("&AOk-t&AOk- 2026", "été 2026"),
    ],
)
def test_modified_utf_7(written: str, name: str) -> None:
    assert decode_utf7(written) == name
    assert encode_utf7(name) == written


@pytest.mark.parametrize("broken", ["&", "&!-", "&AO-", "&BBI"])
def test_what_is_no_utf_7_stays(broken: str) -> None:
    assert decode_utf7(broken) == broken


@pytest.mark.parametrize("name", ["Archive/2026", "Счета/Ромашка & Ко", "a.b/c"])
def test_folders_of_a_maildir(name: str) -> None:
    directory = to_maildir(name)
    assert directory.startswith(".")
    assert "/" not in directory
    assert from_maildir(directory) == name


def test_a_folder_of_a_maildir() -> None:
    assert from_maildir(".Archive.2026") == "Archive/2026"


@pytest.mark.parametrize("name", ["." * 58, "ж" * 127, "x" * 255, "a/" * 127 + "b"])
def test_a_folder_of_a_long_name_has_a_directory_of_its_own(name: str) -> None:
    directory = to_maildir(name)
    assert len(directory) <= 255
    assert directory != to_maildir(name[:-1] + "y")
