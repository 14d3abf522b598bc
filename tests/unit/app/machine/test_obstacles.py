from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from bitrixmail.admin.probes.holders import Holder, holders_of
from bitrixmail.admin.probes.users import user_name
from bitrixmail.app.machine.failure import told
from bitrixmail.app.machine.obstacles import cannot_listen, data_dir_unusable, place_of
from bitrixmail.app.settings.endpoints import parse_endpoint
from bitrixmail.model.errors import SetupError


def obstacle(text: str, number: int, *holders: Holder) -> SetupError:
    error = OSError(number, os.strerror(number))
    return cannot_listen("smtp", parse_endpoint(text), error, holders)


def test_a_taken_port_names_program_and_pid() -> None:
    error = obstacle("tcp:25", errno.EADDRINUSE, Holder("root", 812, "master"))
    assert error.problem == (
        "listen.smtp: can't listen on port 25 of all addresses: "
        "taken by master (PID 812, user root)"
    )
    assert error.exit_code == os.EX_UNAVAILABLE
    assert error.remedies[0] == "see what it is: ps -fp 812"


def test_a_taken_port_names_the_user_where_more_is_not_to_be_seen() -> None:
    error = obstacle("tcp:25", errno.EADDRINUSE, Holder("postfix"))
    assert "taken by a program of user postfix" in error.problem
    assert "ss -ltnp sport = :25" in error.remedies[0]


def test_a_missing_right_offers_each_way_out_with_its_command() -> None:
    error = obstacle("tcp:25:interface=192.0.2.1", errno.EACCES)
    assert "192.0.2.1 port 25: permission denied" in error.problem
    assert error.exit_code == os.EX_NOPERM
    ways = "\n".join(error.remedies)
    for command in (
        "systemctl enable --now bitrixmail.socket",
        "AmbientCapabilities=CAP_NET_BIND_SERVICE",
        "setcap cap_net_bind_service=+ep /",
        "/etc/authbind/byport/25 && authbind --deep twistd",
        "nft -f etc/nftables/bitrixmail.nft",
    ):
        assert command in ways


def test_an_address_of_another_machine() -> None:
    error = obstacle(r"tcp6:25:interface=2001\:db8\:\:1", errno.EADDRNOTAVAIL)
    assert "[2001:db8::1] port 25: this machine has no such address" in error.problem
    assert error.exit_code == os.EX_CONFIG


def test_any_other_reason_is_told_as_it_is() -> None:
    error = obstacle("tcp:25", errno.EMFILE)
    assert error.problem.endswith("Too many open files")
    assert error.exit_code == os.EX_OSERR


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("tcp:25", "port 25 of all addresses"),
        ("tcp6:25", "[::] port 25"),
        ("tcp:25:interface=127.0.0.1", "127.0.0.1 port 25"),
        ("unix:/run/x.sock", "/run/x.sock"),
        ("systemd:domain=INET:index=0", "systemd:domain=INET:index=0"),
    ],
)
def test_a_place_is_named_for_people(text: str, place: str) -> None:
    assert place_of(parse_endpoint(text)) == place


def test_a_data_directory_of_another_user() -> None:
    error = data_dir_unusable(Path("/srv/mail"), PermissionError(errno.EACCES, "Permission denied"))
    assert error.exit_code == os.EX_NOPERM
    assert "server.data_dir: /srv/mail can't be written by user" in error.problem
    assert error.remedies == (
        f"give it to the server's user: install -d -o {user_name(os.geteuid())} -m 700 /srv/mail",
    )


def test_what_is_told_is_one_line_and_its_ways_out() -> None:
    assert told(SetupError("it broke", "mend it", "or not", exit_code=69)) == (
        "bitrixmail: it broke\n  mend it\n  or not\n"
    )


HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: {address}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 {uid:5} 0 {inode} 1\n"


def proc(root: Path, *, readable: bool) -> Path:
    (root / "net").mkdir()
    rows = [
        ROW.format(address="0100007F", port=25, state="0A", uid=0, inode=71),
        ROW.format(address="0100007F", port=25, state="01", uid=0, inode=72),
        ROW.format(address="0100007F", port=26, state="0A", uid=0, inode=73),
    ]
    (root / "net/tcp").write_text(HEAD + "".join(rows))
    wide = ROW.format(address="0" * 32, port=25, state="0A", uid=4_000_000, inode=74)
    (root / "net/tcp6").write_text(HEAD + wide)
    folder = root / "812"
    folder.mkdir()
    (folder / "comm").write_text("mas\x1bter\n")
    if readable:
        (folder / "fd").mkdir()
        (folder / "fd/3").symlink_to("socket:[72]")
        (folder / "fd/4").symlink_to("socket:[71]")
    return root


def test_holders_are_found_in_both_tables(tmp_path: Path) -> None:
    found = holders_of(25, proc(tmp_path, readable=True))
    assert found == (Holder("root", 812, "mas\\u{1b}ter"), Holder("4000000"))


def test_of_a_hidden_program_the_user_is_told(tmp_path: Path) -> None:
    assert Holder("root") in holders_of(25, proc(tmp_path, readable=False))


def test_nobody_holds_a_free_port(tmp_path: Path) -> None:
    assert holders_of(2525, proc(tmp_path, readable=True)) == ()
