"""Which hosts are asked, what the DNS may do to it, and when there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes.delivering import reactor
from tests.fakes.scripted_host import SILENCE, Script, say
from tests.internet.net import Internet
from tests.internet.sender import Sender

BOB = "bob@shop.example"


async def test_a_refused_best_host_leads_to_the_next(net: Internet, sender: Sender) -> None:
    net.domain("shop.example", "mx1.shop.example", "mx2.shop.example")
    net.nobody("mx1.shop.example")
    second = net.host("mx2.shop.example")
    await sender.send(BOB)
    job = await sender.delivered(BOB)
    assert job.last is not None
    assert job.last.host == "mx2.shop.example"
    assert job.attempts == 1
    assert len(second.letters) == 1


@pytest.mark.parametrize(
    "first",
    [
        Script(greeting=say("421 4.3.2 Busy", then="close")),
        Script(greeting=say("554 5.7.1 Go away", then="close")),
        Script(content=say("452 4.3.1 No room")),
    ],
    ids=["421", "554", "full"],
)
async def test_a_host_that_speaks_of_itself_leads_to_the_next(
    net: Internet, sender: Sender, first: Script
) -> None:
    net.domain("shop.example", "mx1.shop.example", "mx2.shop.example")
    net.host("mx1.shop.example", first)
    second = net.host("mx2.shop.example")
    await sender.send(BOB)
    await sender.delivered(BOB)
    assert len(second.letters) == 1


@pytest.mark.parametrize("sender", [["outbound.connect_timeout=700ms"]], indirect=True)
async def test_a_black_hole_costs_its_own_mail_a_timeout_and_others_nothing(
    net: Internet, sender: Sender
) -> None:
    net.domain("shop.example", "mx1.shop.example", "mx2.shop.example")
    net.black_hole("mx1.shop.example")
    second = net.host("mx2.shop.example")
    other = net.site("quick.example")
    begun = reactor().seconds()
    await sender.send(BOB)
    await sender.send("ann@quick.example")
    await sender.until(lambda: bool(other.letters), "the others wait too")
    assert not second.letters
    job = await sender.delivered(BOB)
    assert reactor().seconds() - begun >= 0.7
    assert job.attempts == 1
    assert len(second.letters) == 1


@pytest.mark.parametrize("sender", [["outbound.command_timeout=700ms"]], indirect=True)
async def test_a_host_that_takes_the_call_and_says_nothing(net: Internet, sender: Sender) -> None:
    net.domain("shop.example", "mx1.shop.example", "mx2.shop.example")
    net.host("mx1.shop.example", Script(greeting=SILENCE))
    second = net.host("mx2.shop.example")
    await sender.send(BOB)
    await sender.delivered(BOB)
    assert len(second.letters) == 1


async def test_hosts_that_are_all_down_are_tried_again(net: Internet, sender: Sender) -> None:
    net.domain("shop.example", "mx1.shop.example", "mx2.shop.example")
    net.nobody("mx1.shop.example")
    net.nobody("mx2.shop.example")
    await sender.send(BOB)
    job = await sender.put_off(BOB)
    assert job.last is not None
    assert job.last.enhanced == "4.4.1"
    assert timedelta(minutes=4) < job.not_before - sender.now <= timedelta(minutes=6)


@pytest.mark.parametrize(
    ("records", "status"),
    [
        (["shop.example. 60 IN MX 0 ."], "5.1.10"),
        ([], "5.1.2"),
        (["shop.example. 60 IN TXT x"], "5.4.4"),
        (["shop.example. 60 IN MX 10 nowhere.example."], "5.4.4"),
        (["shop.example. 60 IN MX 10 mail.example.org."], "5.4.6"),
        (
            [
                "shop.example. 60 IN MX 10 relay.shop.example.",
                "relay.shop.example. 60 IN A 127.0.0.1",
            ],
            "5.4.6",
        ),
    ],
    ids=["null-mx", "no-domain", "no-host", "mx-without-address", "mx-is-our-name", "mx-is-us"],
)
async def test_where_there_is_no_host_the_sender_is_told_at_once(
    net: Internet, sender: Sender, records: list[str], status: str
) -> None:
    """RFC 7505, RFC 5321 §5.1, and §6.3 of loops."""
    for record in records:
        net.dns.zone.add(record)
    await sender.send(BOB)
    job = await sender.given_up(BOB)
    assert job.attempts == 1
    [notice] = await sender.notices(1)
    assert f"Status: {status}\r\n" in notice
    assert "Action: failed\r\n" in notice
    assert "Remote-MTA:" not in notice


async def test_a_better_host_than_ourselves_is_used_and_no_worse(
    net: Internet, sender: Sender
) -> None:
    """RFC 5321 §5.1: with ourselves among the hosts, those that are as far or farther are out."""
    net.domain("shop.example", "mx1.shop.example", "mail.example.org", "mx3.shop.example")
    net.nobody("mx1.shop.example")
    third = net.host("mx3.shop.example")
    await sender.send(BOB)
    await sender.put_off(BOB)
    assert third.connections == 0


async def test_an_alias_in_an_mx_record_and_a_domain_without_one(
    net: Internet, sender: Sender
) -> None:
    net.domain("shop.example", "alias.shop.example")
    net.dns.zone.add("alias.shop.example. 60 IN CNAME real.shop.example.")
    real = net.host("real.shop.example")
    plain = net.host("plain.example")
    await sender.send(BOB, "ann@plain.example")
    await sender.delivered(BOB)
    await sender.delivered("ann@plain.example")
    assert len(real.letters) == len(plain.letters) == 1


@pytest.mark.parametrize("trouble", ["silent", "failing", "slow"])
async def test_a_dns_that_is_dead_slow_or_broken_costs_nothing_but_time(
    net: Internet, sender: Sender, trouble: str
) -> None:
    host = net.site("shop.example")
    other = net.site("quick.example")
    if trouble == "silent":
        net.dns.silent.add("shop.example")
    elif trouble == "failing":
        net.dns.failing.add("shop.example")
    else:
        net.dns.slow_s["shop.example"] = 30.0
    await sender.send(BOB)
    await sender.send("ann@quick.example")
    await sender.delivered("ann@quick.example", seconds=3)
    assert len(other.letters) == 1
    job = await sender.put_off(BOB)
    assert job.last is not None
    assert job.last.enhanced == "4.4.3"
    assert timedelta(minutes=4) < job.not_before - sender.now <= timedelta(minutes=12)
    assert not await sender.quiet()
    net.dns.silent.clear()
    net.dns.failing.clear()
    net.dns.slow_s.clear()
    sender.later(minutes=13)
    await sender.delivered(BOB, attempts=2)
    assert len(host.letters) == 1


async def test_an_answer_that_comes_late_but_in_time_is_taken(
    net: Internet, sender: Sender
) -> None:
    host = net.site("shop.example")
    net.dns.slow_s["mx.shop.example"] = 0.3
    await sender.send(BOB)
    job = await sender.delivered(BOB)
    assert job.attempts == 1
    assert len(host.letters) == 1


async def test_no_name_server_at_all(net: Internet, sender: Sender) -> None:
    """Every domain is unknown then, none is given up, and all goes out when it is back."""
    hosts = [net.site(f"shop{number}.example") for number in range(5)]
    net.dns.silent.update(f"shop{number}.example" for number in range(5))
    recipients = [f"bob@shop{number}.example" for number in range(5)]
    await sender.send(*recipients)
    for recipient in recipients:
        await sender.put_off(recipient)
    net.dns.silent.clear()
    sender.later(minutes=13)
    for recipient in recipients:
        await sender.delivered(recipient, attempts=2)
    assert [len(host.letters) for host in hosts] == [1] * 5
    assert not await sender.quiet()
