"""By which way and how safely mail goes as the owner says, and what he changes while it waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bitrixmail.app.sending.steering import steering_of
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.model.job import JobState, Kind
from bitrixmail.model.queue import Wanted
from tests.fakes.delivering import pause
from tests.fakes.scripted_host import ALL, SILENCE, Letter, Script, say
from tests.internet.net import Internet
from tests.internet.sender import SENDER, Sender

SECURE = (*ALL, "STARTTLS")


def route(net: Internet, name: str = "shop", host: str = "relay.example", more: str = "") -> str:
    return f'{{name = "{name}", to = "{host}:{net.port}"{more}}}'


def steered(sender: Sender, *settings: str) -> None:
    """Have a running server take settings, as it does at SIGHUP."""
    fresh = load_settings(None, {}, [*sender.given, *settings])
    sender.sending.take(fresh, steering_of(fresh))


def rcpt(letters: list[Letter]) -> list[list[str]]:
    return [[line.removeprefix("TO:") for line in letter.rcpt] for letter in letters]


async def opened(folder: Path, net: Internet, *settings: str) -> Sender:
    return await Sender(folder, net, *settings).open()


async def test_mail_of_a_sender_goes_by_his_route_in_one_go(net: Internet, tmp_path: Path) -> None:
    """Recipients of several domains, since one server takes them all; others go their own way."""
    relay, shop = net.host("relay.example"), net.site("shop.example")
    more = f', senders = ["{SENDER}"], domains = ["*.example.net", "example.com"]'
    sender = await opened(tmp_path, net, f"outbound.route=[{route(net, more=more)}]")
    try:
        await sender.send("a@example.com", "b@mail.example.net", "c@shop.example")
        for recipient in ("a@example.com", "b@mail.example.net", "c@shop.example"):
            await sender.delivered(recipient)
        assert rcpt(relay.letters) == [["<a@example.com>", "<b@mail.example.net>"]]
        assert rcpt(shop.letters) == [["<c@shop.example>"]]
        job = await sender.job("a@example.com")
        assert (job.destination, job.last and job.last.host) == ("route:shop", "relay.example")
    finally:
        await sender.close()


async def test_a_login_by_a_password_out_of_a_file(net: Internet, tmp_path: Path) -> None:
    relay = net.host("relay.example", Script((*SECURE, "AUTH PLAIN"), logins={"you": "s3cret"}))
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    more = f', user = "you", password_file = "{secret}", tls = "encrypted"'
    sender = await opened(tmp_path, net, f"outbound.route=[{route(net, more=more)}]")
    try:
        await sender.send("a@example.com")
        await sender.delivered("a@example.com")
        [letter] = relay.letters
        assert letter.under_tls
    finally:
        await sender.close()


async def test_the_level_that_the_owner_demands_of_a_domain(net: Internet, tmp_path: Path) -> None:
    """Nobody has vouched for the certificate; one domain must have a right one, others need not."""
    plain, bare = net.site("plain.example"), net.site("bare.example")
    safe, other = (
        net.site("safe.example", Script(SECURE)),
        net.site("other.example", Script(SECURE)),
    )
    levels = "safe.example=verified,bare.example=none,*=encrypted"
    sender = await opened(tmp_path, net, f"outbound.tls={levels}")
    try:
        await sender.send("a@safe.example", "b@other.example", "c@plain.example", "d@bare.example")
        await sender.delivered("b@other.example")
        await sender.delivered("d@bare.example")
        job = await sender.put_off("a@safe.example")
        assert job.last is not None
        assert "certificate" in job.last.reply
        await sender.put_off("c@plain.example")
        assert [letter.under_tls for letter in other.letters] == [True]
        assert [letter.under_tls for letter in bare.letters] == [False]
        assert (safe.letters, plain.letters) == ([], [])
        # and the owner changes his mind
        steered(sender, "outbound.tls=*=opportunistic")
        sender.later(hours=1)
        await sender.delivered("a@safe.example", attempts=2)
        await sender.delivered("c@plain.example", attempts=2)
    finally:
        await sender.close()


async def test_what_waits_takes_a_new_route_without_a_restart(
    net: Internet, tmp_path: Path
) -> None:
    """The way that is blocked is left for a smarthost, and that one for another, and none."""
    net.nobody("mx.blocked.example")
    net.domain("blocked.example", "mx.blocked.example")
    relay = net.host("relay.example", Script(content=say("451 4.3.0 Not now")))
    second = net.host("second.example")
    sender = await opened(tmp_path, net)
    try:
        await sender.send("a@blocked.example")
        await sender.put_off("a@blocked.example")
        smarthost = f"outbound.smarthost=relay.example:{net.port}"
        steered(sender, smarthost)
        await sender.stores.queue.retry([1], sender.now, sender.now)
        await sender.put_off("a@blocked.example", attempts=2)
        assert (await sender.job("a@blocked.example")).destination == "route:smarthost"
        assert relay.connections == 1
        steered(sender, smarthost, f"outbound.route=[{route(net, host='second.example')}]")
        await sender.stores.queue.retry([1], sender.now, sender.now)
        await sender.delivered("a@blocked.example", attempts=3)
        assert rcpt(second.letters) == [["<a@blocked.example>"]]
    finally:
        await sender.close()


async def test_a_schedule_that_is_lifted_lets_go_what_waited(net: Internet, tmp_path: Path) -> None:
    shop = net.site("shop.example")
    sender = await opened(tmp_path, net, "outbound.quiet=Mon-Fri", "rules.timezone=UTC")
    try:
        sender.later(days=-sender.now.weekday() % 7)  # a Monday
        await sender.send("a@shop.example")
        await pause(0.2)
        job = await sender.job("a@shop.example")
        assert (job.state, job.attempts, shop.letters) == (JobState.WAITING, 0, [])
        assert job.not_before > sender.now
        steered(sender, "outbound.quiet=")
        await sender.delivered("a@shop.example")
    finally:
        await sender.close()


async def test_jobs_of_a_route_that_is_no_more_part(net: Internet, tmp_path: Path) -> None:
    """They were leased before the settings changed: each still goes by the way it has now."""
    one, two = net.site("one.example"), net.site("two.example")
    sender = await opened(tmp_path, net, "outbound.schedule=0 0 1 1 * for 1h")
    try:
        await sender.send("a@one.example", "b@two.example", "c@one.example")
        wanted = [Wanted(Kind.REMOTE, name, 10) for name in ("one.example", "two.example")]
        then = sender.now + timedelta(days=730)
        leased = await sender.stores.jobs.lease("nobody", then + timedelta(1), wanted, then)
        jobs = [replace(leased[place], destination="route:gone") for place in (0, 2, 1)]
        courier = sender.sending.dispatcher._couriers[Kind.REMOTE]
        delivery = await courier.line().deliver(jobs)
        assert [attempt.host for attempt in delivery.attempts] == [
            "mx.one.example",
            "mx.two.example",
            "mx.one.example",
        ]
        assert (rcpt(one.letters), rcpt(two.letters)) == (
            [["<a@one.example>", "<c@one.example>"]],
            [["<b@two.example>"]],
        )
    finally:
        await sender.close()


@pytest.mark.parametrize("validates", ["yes", "no"])
async def test_name_servers_that_may_not_be_believed_prove_nothing(
    net: Internet, tmp_path: Path, validates: str
) -> None:
    """The same answers, with the bit that says they are proved; only who is believed has DANE."""
    shop = net.site("shop.example", Script(SECURE))
    net.dns.zone.add(f"_{net.port}._tcp.mx.shop.example. 60 IN TLSA 3 1 1 {'0a' * 32}")
    net.dns.signed = {"shop.example", "mx.shop.example", f"_{net.port}._tcp.mx.shop.example"}
    sender = await opened(tmp_path, net, f"dns.validates={validates}")
    try:
        await sender.send("a@shop.example")
        if validates == "yes":
            job = await sender.put_off("a@shop.example")
            assert job.last is not None
            assert "TLSA" in job.last.reply
            assert not shop.letters
        else:
            await sender.delivered("a@shop.example")
    finally:
        await sender.close()


async def test_a_route_has_retries_of_its_own(net: Internet, tmp_path: Path) -> None:
    """As long between two attempts as it says, and given up as it says; others as all."""
    busy = Script(content=say("451 4.3.0 Not now"))
    net.host("relay.example", busy)
    net.site("shop.example", busy)
    more = ', domains = ["*.example.com"], retry = ["30m"], lifetime = "40m"'
    sender = await opened(tmp_path, net, f"outbound.route=[{route(net, more=more)}]")
    try:
        sent = sender.now
        await sender.send("a@mx.example.com", "b@shop.example")
        by_route = await sender.put_off("a@mx.example.com")
        other = await sender.put_off("b@shop.example")
        minute = timedelta(minutes=1)
        assert 30 * minute <= by_route.not_before - sent <= 37 * minute
        assert 5 * minute <= other.not_before - sent <= 7 * minute
        assert by_route.expires - by_route.created == 40 * minute
        sender.later(minutes=41)
        await sender.given_up("a@mx.example.com", attempts=2)
        await sender.put_off("b@shop.example", attempts=2)
    finally:
        await sender.close()


async def test_patience_that_was_changed_holds_for_the_next_connection(
    net: Internet, tmp_path: Path
) -> None:
    net.site("mute.example", Script(greeting=SILENCE))
    sender = await opened(tmp_path, net, "outbound.command_timeout=1m")
    try:
        steered(sender, "outbound.command_timeout=200ms")
        await sender.send("a@mute.example")
        job = await sender.put_off("a@mute.example", seconds=10.0)
        assert job.attempts == 1
    finally:
        await sender.close()
