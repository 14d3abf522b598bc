"""Nobody relays through this door, however the address is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.limits import SMTPLimits
from bitrixmail.smtp.factory import SMTPFactory
from bitrixmail.store.opening import InlineStores
from tests.dialogs.dialog import MemoryConnection
from tests.fakes.gate import RecordingMailLog
from tests.fakes.real_gate import gate_of
from tests.fakes.stores import make_stores, result_of

# What stands behind `RCPT TO:`; example.org and почта.рф are ours, nothing else is
FORMS = [
    "<victim@example.net>",
    "<VICTIM@EXAMPLE.NET>",
    "<victim@example.net.>",
    "<victim@sub.example.org>",
    "<victim@example.org.example.net>",
    "<victim@xexample.org>",
    "<victim@example.orgx>",
    "<victim@mx.example.org>",
    "<info@sub.example.org>",
    "<info@xexample.org>",
    "<info@example.org.example.net>",
    "<info@mx.example.org>",
    "<info@org>",
    "<victim@localhost>",
    "<victim@org>",
    "<postmaster@example.net>",
    "<abuse@example.net>",
    # percent hack, bang path
    "<victim%example.net@example.org>",
    "<victim%example.net>",
    "<victim%example.net@[127.0.0.1]>",
    "<victim%example.net%example.org@example.org>",
    "<example.net!victim>",
    "<example.net!victim@example.org>",
    "<example.org!example.net!victim@example.org>",
    "<victim+example.net@example.net>",
    # source routes lead where the address does
    "<@example.org:victim@example.net>",
    "<@example.org,@mx.example.org:victim@example.net>",
    "<@[127.0.0.1]:victim@example.net>",
    "<@example.org:victim%example.net@example.org>",
    "<@example.org:>",
    # an address within a local-part
    '<"victim@example.net"@example.org>',
    '<"victim@example.net">',
    '<"victim%example.net"@example.org>',
    '<"@example.org:victim"@example.net>',
    '<"info@example.org"@example.net>',
    r'<"victim\@example.net"@example.org>',
    '<victim"@example.net"@example.org>',
    # two domains
    "<victim@example.net@example.org>",
    "<info@example.org@example.net>",
    "<info@example.org@[192.0.2.1]>",
    "<victim@example.net,info@example.org>",
    "<info@example.org,victim@example.net>",
    "<info@example.org><victim@example.net>",
    "<info@example.org> <victim@example.net>",
    "<info@example.org:victim@example.net>",
    "<info@example.org;victim@example.net>",
    # hosts by number
    "<victim@[192.0.2.1]>",
    "<victim@[127.0.0.1]>",
    "<info@[127.0.0.1]>",
    "<victim@[IPv6:::1]>",
    "<victim@[::1]>",
    "<victim@127.0.0.1>",
    "<victim@2130706433>",
    "<victim@0x7f000001>",
    "<victim@[example.org]>",
    # forms that are none
    "victim@example.net",
    "<victim>",
    "<victim@>",
    "<@example.net>",
    "<>",
    "<victim @example.net>",
    "<victim@example.net >",
    "<victim@ example.net>",
    "<victim@example.net",
    "victim@example.net>",
    "<<victim@example.net>>",
    "<victim@example..net>",
    "<victim@.example.org>",
    "(info@example.org) <victim@example.net>",
    "<victim(info@example.org)@example.net>",
    "<victim@example.net> ORCPT=rfc822;info@example.org",
    "<victim@example.net> NOTIFY=NEVER",
    # letters that look like others, dots that look like dots
    "<victim@exаmple.org>",
    "<victim@ехample.org>",
    "<victim@example．net>",
    "<victim@example。net>",
    "<victim＠example.net@example.org>",
    "<victim@example.net\u2024example.org>",
    "<victim@example.net。example.org>",
    "<victim@xn--exmple-4nf.org>",
    "<victim@почта.example.net>",
    "<victim@xn--80a1acny.example.net>",
    "<victim@\u202egro.elpmaxe>",
    "<info@example.org\u3000>",
    # octets that are no text
    "<victim@example.net\0@example.org>",
    "<info@example.org\0@example.net>",
    "<victim@example.net\r@example.org>",
    "<info@example.org>\rRCPT TO:<victim@example.net>",
    "<victim@example.net>\nRCPT TO:<info@example.org>",
    "<info@example.org>\nRCPT TO:<victim@example.net>",
    "<victim@example.net\x85@example.org>",
    # the same again where other servers were once deceived
    "<victim%example.net@localhost>",
    "<victim%example.net@mx.example.org>",
    "<victim%example.net@>",
    "<victim%[192.0.2.1]@example.org>",
    "<victim%%example.net@example.org>",
    "<victim%40example.net@example.org>",
    "<victim=example.net@example.org>",
    "<victim#example.net@example.org>",
    "<victim?example.net@example.org>",
    "<victim/example.net@example.org>",
    "<example.net::victim@example.org>",
    "<smtp:victim@example.net>",
    "<mailto:victim@example.net>",
    "<example.org!victim@example.net>",
    "<example.net!example.org!victim>",
    "<victim@example.org!example.net>",
    "<victim@example.net!example.org>",
    "<@example.net:victim@example.net>",
    "<@example.org:@example.net:victim>",
    "<@example.org@example.net:victim@example.net>",
    "<@[192.0.2.1],@example.org:victim@example.net>",
    "<@:victim@example.net>",
    "<@example.org;victim@example.net>",
    '<"@example.net:victim"@example.org>',
    '<"victim"@"example.net">',
    '<"victim@example.net"@[127.0.0.1]>',
    '<"victim@example.net"@localhost>',
    '<"victim@example.net" @example.org>',
    '<"victim"@example.net@example.org>',
    '<"victim@example.net\\"@example.org>',
    '<"victim@example.net\\\\"@example.org>',
    '<"victim@example.net>"@example.org>',
    '<"victim@example.net> "@example.org>',
    '<"victim"."example.net"@example.net>',
    "<victim@@example.org>",
    "<victim@example.net@>",
    "<@victim@example.net>",
    "<victim@example.net%example.org>",
    "<victim@example.net/example.org>",
    "<victim@example.net\\@example.org>",
    "<victim@example.net#@example.org>",
    "<victim@example.net?@example.org>",
    "<victim@-example.org>",
    "<victim@example.org->",
    "<victim@example_.org>",
    "<victim@*.example.org>",
    "<victim@*>",
    "<*@example.net>",
    "<victim@[IPv6:::ffff:127.0.0.1]>",
    "<victim@[IPv6:fe80::1%eth0]>",
    "<victim@[dns:example.org]>",
    "<victim@[127.0.0.1>",
    "<victim@127.1>",
    "<victim@[0]>",
    "<postmaster@[127.0.0.1]>",
    "<postmaster@>",
    "<postmaster@example.org.example.net>",
    "<postmaster%example.net>",
    "<abuse@localhost>",
    # letters that a mapping would turn into a domain of ours, or nearly; victim is none of ours
    "<victim@\u24d4xample.org>",
    "<victim@exam\u00adple.org>",
    "<victim@example.org\u200b>",
    "<victim@ex\u200dample.net>",
    "<victim@EXAMPLE\uff0eNET>",
    "<victim@example.\u212aet>",
    "<victim@example\u3002org\u3002example\uff61net>",
    "<victim@\u0435\u0445\u0430mple.org>",
    "<victim@xn--example.org>",
    "<victim@XN--80A1ACNY.example.net>",
    "<victim@xn--80a1acny.xn--p1ai.example.net>",
    "<victim@\u043f\u043e\u0447\u0442\u0430.\u0440\u0444>",
    "<\u202e@example.net>",
    "<victim@example.net\x00>",
    "<victim\x00@example.net>",
    "<victim@example.net>\x00<info@example.org>",
    "<victim@example.net\x0b@example.org>",
    "<victim@example.net\u2028@example.org>",
    "<victim@example.net\t@example.org>",
    "<victim@example.net\r>",
    "<victim@example.net>\r",
    "<victim@example.net>\r\r",
    " <victim@example.net> <info@example.org>",
    ":<victim@example.net>",
    "<info@example.org> RCPT TO:<victim@example.net>",
    "<info@example.org> TO=<victim@example.net>",
    "<" + "@example.org," * 20 + "@example.org:victim@example.net>",
    "<victim@" + "example.org." * 30 + "example.net>",
    "<" + "v" * 300 + "@example.net>",
]
SENDERS = [
    "<stranger@example.com>",
    "<>",
    "<info@example.org>",
    "<postmaster@example.org>",
    "<root@localhost>",
    "<victim@example.net>",
]
# 500: it was no command line at all; 555: the rest of it is no parameter
REFUSALS = {"500", "501", "550", "553", "555"}


class House:
    """A door with everything behind it that decides; made by a test."""

    def __init__(self, stores: InlineStores) -> None:
        clock = cast("IReactorTime", Clock())
        self.stores = stores
        self.log = RecordingMailLog()
        limits = SMTPLimits(max_errors=0, connections_per_ip=0, connections_per_minute_per_ip=0)
        gate = gate_of(stores, clock, self.log, limits=limits)
        self.factory = SMTPFactory(gate, clock, self.log, "mx.example.org", limits, None)

    def replies(self, *commands: str) -> list[str]:
        """Return what is said to commands sent in one session, after EHLO."""
        connection = MemoryConnection(self.factory)
        connection.send(b"EHLO localhost\r\n")
        connection.transport.clear()
        for command in commands:
            connection.send(command.encode() + b"\r\n")
        said: str = connection.transport.value().decode()
        connection.abort()
        return said.splitlines()


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InlineStores]:
    """Nothing here is accepted to its end, so one directory is enough."""
    with make_stores(tmp_path_factory.mktemp("stores")) as stores:
        for domain in ("example.org", "xn--80a1acny.xn--p1ai"):
            result_of(stores.directory.add_domain(Domain(domain)))
        result_of(stores.directory.add_mailbox(Mailbox(0, "info@example.org"), None))
        yield stores


@pytest.fixture
def house(stores: InlineStores) -> House:
    return House(stores)


def test_the_door_takes_mail_for_its_own(house: House) -> None:
    """Or all the refusals below would show nothing."""
    own = [
        "<info@example.org>",
        "<postmaster>",
        "<@example.net:info@example.org>",
        "<info@example。org>",
    ]
    replies = house.replies("MAIL FROM:<> SMTPUTF8", *(f"RCPT TO:{address}" for address in own))
    assert [reply[:3] for reply in replies] == ["250"] * 5


@pytest.mark.parametrize("form", FORMS, ids=ascii)
def test_no_form_of_an_address_is_relayed(house: House, form: str) -> None:
    for sender in SENDERS:
        hello, *replies = house.replies(
            f"MAIL FROM:{sender} SMTPUTF8", f"RCPT TO:{form}", "DATA", "x", "."
        )
        assert hello.startswith("250 ")
        *refusals, data, text, dot = replies
        assert refusals
        assert {refusal[:3] for refusal in refusals} <= REFUSALS, refusals
        assert data[:3] in {"503", "554"}
        assert text[:3] == dot[:3] == "500"
    # nor does a recipient that is ours open a way for another
    _hello, own, *refusals = house.replies(
        "MAIL FROM:<> SMTPUTF8", "RCPT TO:<info@example.org>", f"RCPT TO:{form}"
    )
    assert own.startswith("250 ")
    assert {refusal[:3] for refusal in refusals} <= REFUSALS, refusals
    assert {transition for transition, _fields in house.log.lines} <= {"refused"}


def test_a_server_without_domains_takes_nothing(tmp_path: Path) -> None:
    with make_stores(tmp_path) as stores:
        house = House(stores)
        for form in (
            "<info@example.org>",
            "<postmaster>",
            "<root@localhost>",
            "<a@mx.example.org>",
        ):
            _hello, reply = house.replies("MAIL FROM:<>", f"RCPT TO:{form}")
            assert reply.startswith("550 "), form
