"""Name servers as they are written in settings and in resolv.conf."""

from __future__ import annotations

from pathlib import Path

import pytest

from bitrixmail.net.name_servers import NameServer, parse_name_server, system_name_servers


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.1", NameServer("192.0.2.1", 53)),
        ("192.0.2.1:5300", NameServer("192.0.2.1", 5300)),
        ("2001:DB8::1", NameServer("2001:db8::1", 53)),
        ("[2001:db8::1]", NameServer("2001:db8::1", 53)),
        ("[::1]:5300", NameServer("::1", 5300)),
    ],
)
def test_a_name_server_is_read_and_written(text: str, server: NameServer) -> None:
    assert parse_name_server(text) == server
    assert parse_name_server(str(server)) == server


@pytest.mark.parametrize(
    "text",
    ["", "dns.example.org", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:x",
     "[::1", "[::1]5300", "192.0.2.256", "::1]:53", "192.0.2.1:5³"],
)  # fmt: skip
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"name server|no port"):
        parse_name_server(text)


def test_those_of_the_system(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(
        "# by hand\nsearch example.org\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\n"
        "nameserver\nnameserver 2001:db8::1 # the second\nnameserver 192.0.2.3\n"
        "nameserver 192.0.2.4\n"
    )
    assert [str(each) for each in system_name_servers(file)] == [
        "192.0.2.1",
        "2001:db8::1",
        "192.0.2.3",
    ]


def test_that_of_this_machine_if_none_is_named(tmp_path: Path) -> None:
    assert system_name_servers(tmp_path / "missing") == (NameServer("127.0.0.1"),)
