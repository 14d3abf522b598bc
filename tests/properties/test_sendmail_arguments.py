"""Whatever the drop-in takes, the server can read: and the programs take the same."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitrixmail.inject.arguments import read_arguments
from bitrixmail.inject.message import Refused
from bitrixmail.pickup.folder import PickupFolder
from bitrixmail.pickup.letter import Terms, read_letter
from tests.unit.inject.conftest import installed

TERMS = Terms("mx.example.org", "example.org")
MESSAGE = b"To: to@example.net\nSubject: x\n\nHi\n"

# What an address is made of, and what breaks one or a line of the slip
_PIECES = (
    *("a", "b@x.org", "@", ".", "..", " ", ",", ";", ":", "<", ">", '"', "(", ")", "\\", "[::1]"),
    *("-", "=", "+", "\t", "\x01", "\x0b", "\x1b[2J", "\x7f", "\r", "\n", "\n\n", "é", "рф"),
    *("\u0085", "\u2028", "\udcff", "a" * 70, "never", "success", "hdrs", "7bit"),
)
_VALUES = st.lists(st.sampled_from(_PIECES), max_size=4).map("".join)
_OTHERS = ("-t", "-i", "-Nnever", "-N", "-Rhdrs", "-R", "-Vx1", "-V", "-B7bit", "-B", "-oi", "-L")
_WORDS = st.lists(
    st.one_of(
        _VALUES,
        st.builds("{}{}".format, st.sampled_from(("-f", "-r", "-F")), _VALUES),
        st.sampled_from(_OTHERS),
        st.builds("{}{}".format, st.sampled_from(_OTHERS), _VALUES),
    ),
    max_size=4,
).flatmap(lambda words: st.permutations([*words, "a@x.org"]))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("home")
    folder = PickupFolder(made / "pickup")
    folder.prepare()
    installed(made, folder.path, most=0)
    return made


def in_python(words: list[str]) -> tuple[int, bytes]:
    """Return the exit code and the slip of the program in Python."""
    try:
        call = read_arguments("sendmail", words)
        slip = call.slip()
    except Refused as error:
        return error.code, b""
    return (os.EX_OK, slip) if call.recipients or call.fields else (os.EX_USAGE, b"")


@given(_WORDS)
@example(["-F", "The\tSite", "a@x.org"])
@example(["-f", "a\tb@x.org", "a@x.org\t"])
@example(["-f", "a..b@x.org", "a@x.org"])
@example(["-f", "a@x.org, b@x.org", "()"])
@example(["-V", "x" * 100, "-N", "success,success", "group:;"])
@example([""])
@settings(max_examples=300, deadline=None)
def test_what_is_taken_is_read(home: Path, words: list[str]) -> None:
    octets = [os.fsencode(word) for word in words]
    if any(b"\0" in each for each in octets):
        return
    done = subprocess.run(
        [home / "sendmail", *octets], input=MESSAGE, capture_output=True, check=False
    )
    names = [each.name for each in (home / "pickup").iterdir() if each.is_file()]
    try:
        code, slip = in_python([os.fsdecode(each) for each in octets])
        assert done.returncode == code, done.stderr
        assert len(names) == (code == os.EX_OK)
        for name in names:
            found = (home / "pickup" / name).read_bytes()
            assert found.partition(b"whole ")[0] == slip.removesuffix(b"\n")
            now = datetime(2026, 1, 1, tzinfo=UTC)
            with closing(read_letter(PickupFolder(home / "pickup"), name, TERMS, now)) as letter:
                assert letter.recipients or letter.wrong
    finally:
        for name in names:
            (home / "pickup" / name).unlink()
