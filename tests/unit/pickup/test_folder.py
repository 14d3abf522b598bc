"""The directory that is hostile ground."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bitrixmail.model.errors import SetupError
from bitrixmail.pickup.folder import PickupFolder, UnfitError
from tests.unit.pickup.conftest import MESSAGE

DAY_S = 24 * 3600


@pytest.fixture
def folder(tmp_path: Path) -> PickupFolder:
    made = PickupFolder(tmp_path / "a" / "pickup")
    made.prepare()
    return made


def test_it_is_made_for_all_to_write_and_nobody_to_list(folder: PickupFolder) -> None:
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o3733
    for inner in ("bad", "refused"):
        assert stat.S_IMODE((folder.path / inner).stat().st_mode) == 0o700
    folder.prepare()  # as it is at the next start


@pytest.mark.parametrize(
    ("mode", "what"), [(0o777, "remove each other's messages"), (0o730, "each other's")]
)
def test_writers_must_not_remove_what_others_wrote(
    folder: PickupFolder, mode: int, what: str
) -> None:
    folder.path.chmod(mode)
    with pytest.raises(SetupError, match=what) as caught:
        folder.prepare()
    assert caught.value.remedies == (f"chmod 3733 {folder.path}",)


def test_a_service_that_may_not_give_it_away_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_path: Path, _mode: int) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", denied)
    kept = PickupFolder(tmp_path / "pickup")
    kept.prepare()
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o700
    assert not kept.is_shared


def test_a_private_one_is_good(folder: PickupFolder) -> None:
    folder.path.chmod(0o700)
    folder.prepare()


def test_a_link_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "pickup").symlink_to(tmp_path / "there")
    with pytest.raises(SetupError, match="is no directory"):
        PickupFolder(tmp_path / "pickup").prepare()


def test_what_is_inside_must_be_ours(folder: PickupFolder) -> None:
    (folder.path / "bad").rmdir()
    (folder.path / "bad").symlink_to("/etc")
    with pytest.raises(SetupError, match="holds bad, which"):
        folder.prepare()


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SetupError, match="can't be used") as caught:
        PickupFolder(tmp_path / "file" / "pickup").prepare()
    assert "install -d -o" in caught.value.remedies[0]


def _link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _hard_link(path: Path) -> None:
    (path.parent.parent / "other").write_bytes(MESSAGE)
    path.hardlink_to(path.parent.parent / "other")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(path.parent):
        made.bind(path.name)


HOSTILE: dict[str, Callable[[Path], None]] = {
    "link": _link,
    "hard link": _hard_link,
    "fifo": os.mkfifo,
    "socket": _socket,
    "directory": Path.mkdir,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_only_plain_files_are_opened(folder: PickupFolder, kind: str) -> None:
    path = folder.path / "m.1.1.1"
    HOSTILE[kind](path)
    with pytest.raises(UnfitError, match="link"):
        folder.open(path.name)


def test_what_is_changed_before_it_is_opened(
    folder: PickupFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.path / "m.1.1.1"
    path.write_bytes(MESSAGE)
    real = os.lstat

    def swapping(name: Path) -> os.stat_result:
        found = real(name)
        path.unlink()
        os.mkfifo(path)
        return found

    monkeypatch.setattr(os, "lstat", swapping)
    with pytest.raises(UnfitError, match="a pipe"):
        folder.open(path.name)


@pytest.mark.parametrize("name", ["m.1.1", "m.1.1.1.1", "m..1.1", "x.1.1.1", "m.1.1.-1"])
def test_names(folder: PickupFolder, name: str) -> None:
    (folder.path / name).write_bytes(MESSAGE)
    with pytest.raises(UnfitError, match="name"):
        folder.open(name)


def test_the_oldest_come_first_and_messages_before_the_rest(folder: PickupFolder) -> None:
    for name in ("m.1795873349.1.1", "m.1795873347.9.9", "a", "m.1795873348.1.1"):
        (folder.path / name).write_bytes(b"")
    (folder.path / "m.1.1.1").mkdir()
    found = folder.waiting(10, time.time())
    assert found == ["m.1795873347.9.9", "m.1795873348.1.1", "m.1795873349.1.1", "a", "m.1.1.1"]
    assert folder.waiting(2, time.time()) == found[:2]


def test_what_a_crashed_program_left_is_removed_after_a_day(folder: PickupFolder) -> None:
    left = folder.path / "t.1.1.1"
    left.write_bytes(b"half")
    os.utime(left, (2**33, 2**33))  # its owner can't keep it by that
    assert folder.waiting(10, time.time() + DAY_S - 60) == []
    assert left.exists()
    assert folder.waiting(10, time.time() + DAY_S + 60) == []
    assert not left.exists()


def test_reading_ends_at_the_bound_though_the_file_grows(folder: PickupFolder) -> None:
    path = folder.path / "m.1.1.1"
    path.write_bytes(b"x" * 50)
    found = folder.open(path.name)
    blocks = found.blocks(0, 20, 60)
    assert next(blocks) == b"x" * 20
    with path.open("ab") as file:
        file.write(b"y" * 1000)
    with pytest.raises(UnfitError, match="more than 60 octets"):
        list(blocks)
    found.close()
    found.close()


def test_what_is_set_aside_says_why(folder: PickupFolder) -> None:
    for number in (7, 8):
        os.mkfifo(folder.path / "strange\nname")
        folder.set_aside("strange\nname", "bad", "is a pipe", number)
    assert sorted(path.name for path in (folder.path / "bad").iterdir()) == [
        "7",
        "7.reason",
        "8",
        "8.reason",
    ]
    assert (folder.path / "bad" / "7.reason").read_text() == "is a pipe\n"


def test_one_place_keeps_two_of_the_same_name(folder: PickupFolder) -> None:
    for number in (7, 8):
        (folder.path / "m.1.1.1").write_bytes(str(number).encode())
        folder.set_aside("m.1.1.1", "refused", "no", number)
    found = {path.name: path.read_bytes() for path in (folder.path / "refused").iterdir()}
    assert found == {
        "m.1.1.1": b"7",
        "m.1.1.1.reason": b"no\n",
        "m.1.1.1.8": b"8",
        "m.1.1.1.8.reason": b"no\n",
    }


def test_the_bad_ones_have_a_bound(folder: PickupFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bitrixmail.pickup.folder._MOST_BAD", 1)
    for number in range(4):
        os.mkfifo(folder.path / "x")
        folder.set_aside("x", "bad", "is a pipe", number)
    assert len(list((folder.path / "bad").iterdir())) == 2
    assert not (folder.path / "x").exists()
