"""Webhooks from the rule to a real web server: what is called, when again, and what is refused."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from functools import partial

import pytest

from bitrixmail.model.job import JobState
from bitrixmail.model.sender_list import SenderEntry
from tests.corpus.fields import attachment, mixed, text_part
from tests.fakes.delivering import pause, reactor
from tests.fakes.endpoint import Endpoint, Reply, done, says
from tests.internet.hooks import INFO, SHOP, Hooks, rule


async def test_a_call_tells_of_the_message_and_is_signed(house: Hooks, page: Endpoint) -> None:
    await house.rules(
        rule(page.url + "in?x=1", secret='"crm"', headers='{ X-Key = "Bearer {secret:crm}" }')
    )
    await house.receive("an order")
    await house.all_done()
    [request] = page.requests
    assert (request.method, request.path) == ("POST", "/in?x=1")
    told = request.json
    [job] = await house.hooks()
    assert (told["version"], told["message"], told["job"], told["attempt"]) == (
        1, job.queue_id, job.id, 1,
    )  # fmt: skip
    assert told["envelope"] == {"sender": "ann@example.net", "recipient": INFO}
    assert (told["subject"], told["text"], told["complete"]) == ("an order", "Hi\n", True)
    assert told["results"]["folder"] == "INBOX"
    # Nothing was learned, and nobody is listed
    assert (told["score"], told["results"]["spam"], told["results"]["checks"]) == (None, False, [])
    assert request.headers["x-bitrixmail-id"] == told["id"]
    assert request.headers["x-bitrixmail-attempt"] == "1"
    assert request.headers["x-key"] == "Bearer new key"
    time = request.headers["x-bitrixmail-timestamp"]
    signed = [
        hmac.new(key, time.encode() + b"." + request.body, hashlib.sha256).hexdigest()
        for key in (b"new key", b"old key")
    ]
    assert request.headers["x-bitrixmail-signature"] == f"t={time},v1={signed[0]},v1={signed[1]}"
    assert job.last
    assert (job.last.host, job.last.address) == (f"127.0.0.1:{page.port}", "127.0.0.1")
    assert job.last.reply == "200 OK: ok"


async def test_what_follows_in_a_lane_does_not_wait_to_be_found(
    house: Hooks, page: Endpoint
) -> None:
    await house.rules(rule(page.url))
    for number in range(20):
        await house.receive(str(number))
    await house.all_done(seconds=5)
    assert page.subjects == [str(number) for number in range(20)]
    assert len({request.json["id"] for request in page.requests}) == 20


def _more_than(endpoint: Endpoint, number: int) -> bool:
    return len(endpoint.requests) > number


async def test_an_endpoint_down_for_an_hour(house: Hooks, page: Endpoint, other: Endpoint) -> None:
    """Order is kept in its lane, others are not disturbed, nothing is lost or called twice."""
    await house.rules(rule(page.url, INFO), rule(other.url, SHOP))
    await page.down()
    for number in range(10):
        await house.receive(str(number), INFO)
    await house.tried()
    waits = []
    for minute in range(60):
        begun = reactor().seconds()
        await house.receive(f"other {minute}", SHOP)
        await house.until(partial(_more_than, other, minute), "the other one waits")
        waits.append(reactor().seconds() - begun)
        house.later(minutes=1)
        await pause(0.005)
    first = await house.hook()
    assert (first.state, first.attempts) == (JobState.WAITING, 5)
    assert first.last
    refused = "Connection was refused by other side: 111: Connection refused"
    assert first.last.reply == f"127.0.0.1:{page.port}: {refused}"
    assert [job.attempts for job in await house.hooks() if job.recipient == INFO][1:] == [0] * 9
    page.up()
    house.later(hours=2)
    await house.all_done()
    assert page.subjects == [str(number) for number in range(10)]
    assert other.subjects == [f"other {number}" for number in range(60)]
    print(f"down for an hour: others waited {max(waits):.3f} s at most")
    assert max(waits) < 2


THEN_DISCARD = '[[rule.action]]\ndo = "discard"\n'


async def held(house: Hooks) -> list[tuple[str, str, str]]:
    """Return what lies in quarantines, and why: mailbox, subject and the last event."""
    return [
        (
            one.mailbox,
            one.subject,
            (await house.stores.messages.events(one.queue_id, None, 1))[0].text,
        )
        for one in await house.stores.quarantine.listing("", "", 100)
    ]


@pytest.mark.parametrize("last", [JobState.DEAD, JobState.DONE])
async def test_a_message_that_only_a_call_had_is_not_lost_if_that_is_given_up(
    house: Hooks, page: Endpoint, other: Endpoint, last: JobState
) -> None:
    page.answer = says(410, b"gone")
    await house.rules(rule(page.url, INFO) + rule(other.url, INFO) + THEN_DISCARD)
    await other.down()
    await house.receive("the only copy")
    given_up, _ = await house.tried()
    assert given_up.state is JobState.DEAD
    assert await held(house) == []  # the other one may get it yet
    house.later(days=4)
    await house.tried(1, attempts=2)
    if last is JobState.DONE:
        other.up()
    house.later(days=1)
    assert (await house.tried(1, attempts=3))[0].state is last
    [(mailbox, subject, why)] = await held(house)
    assert (mailbox, subject) == (INFO, "the only copy")
    assert why == (
        f'to Quarantine: webhook of the rule "{INFO} to {page.url}" was given up,'
        " and nothing else keeps the message"
    )
    # It is forgotten that there was something to do, and the message is whole
    await house.stores.messages.expire(house.now + timedelta(days=30))
    assert await house.hooks() == []
    octets = await house.stores.messages.export(given_up.queue_id)
    assert octets.endswith(b"Subject: the only copy\r\nFrom: Ann <ann@example.net>\r\n\r\nHi\r\n")
    [one] = await house.stores.messages.listing(INFO, "Quarantine", 10)
    assert one.recipients == (INFO,)


async def test_a_call_that_was_given_up_is_made_anew_and_its_message_stays_where_it_is(
    house: Hooks, page: Endpoint
) -> None:
    page.answer = says(410, b"gone")
    await house.rules(rule(page.url) + THEN_DISCARD)
    await house.receive("again")
    job, _ = await house.tried()
    assert [why.partition("message: ")[2] for _, _, why in await held(house)] == ["410 Gone: gone"]
    for answer, state in ((says(410, b"gone"), JobState.DEAD), (done, JobState.DONE)):
        page.answer = answer
        assert await house.stores.queue.retry([job.id], house.now, house.now + timedelta(days=3))
        house.sending.dispatcher.changed_by_hand()
        job, _ = await house.tried(attempts=job.attempts + 1)
        assert job.state is state
        assert len(await held(house)) == 1


async def test_what_lies_in_a_folder_or_was_deleted_there_is_filed_nowhere_else(
    house: Hooks, page: Endpoint, other: Endpoint
) -> None:
    page.answer = says(410, b"gone")
    await house.rules(rule(page.url, INFO), rule(other.url, SHOP) + THEN_DISCARD)
    await house.receive("kept", INFO)
    await house.receive("done", SHOP)
    assert (await house.tried(0))[0].state is JobState.DEAD
    assert (await house.tried(1))[0].state is JobState.DONE
    assert await held(house) == []


async def test_500_comes_again_in_its_order(house: Hooks, page: Endpoint) -> None:
    page.answer = says(500, b"<html>no</html>")
    await house.rules(rule(page.url))
    for number in range(3):
        await house.receive(str(number))
    job, attempt = await house.tried()
    assert (job.state, attempt.reply) == (JobState.WAITING, "500 Internal Server Error")
    assert timedelta(seconds=9) < job.not_before - house.now < timedelta(seconds=13)
    house.later(seconds=13)
    await house.tried(attempts=2)
    page.answer = done
    house.later(minutes=2)
    await house.all_done()
    assert page.subjects == ["0", "0", "0", "1", "2"]
    ids = [request.headers["x-bitrixmail-id"] for request in page.requests]
    assert len(set(ids[:3])) == 1
    attempts = [request.headers["x-bitrixmail-attempt"] for request in page.requests]
    assert attempts == ["1", "2", "3", "1", "1"]


@pytest.mark.parametrize("status", [406, 410])
async def test_a_final_no_ends_it_and_can_be_replayed(
    house: Hooks, page: Endpoint, status: int
) -> None:
    page.answer = lambda request: (
        Reply(status, b"not for us\nat all") if request.subject == "0" else Reply()
    )
    await house.rules(rule(page.url))
    await house.receive("0")
    await house.receive("1")
    job, attempt = await house.tried()
    assert (job.state, attempt.reply.endswith(": not for us")) == (JobState.DEAD, True)
    await house.tried(1)
    assert page.subjects == ["0", "1"]
    page.answer = done
    await house.stores.queue.retry([job.id], house.now, house.now + timedelta(days=1))
    house.sending.dispatcher.changed_by_hand()
    await house.all_done()
    assert page.subjects == ["0", "1", "0"]
    assert page.requests[0].json["id"] == page.requests[2].json["id"]
    assert not await house.quiet()  # nobody got a notice


async def test_a_busy_one_is_left_alone_as_it_asks(house: Hooks, page: Endpoint) -> None:
    page.answer = says(429, b"slowly", retry_after="1800")
    await house.rules(rule(page.url))
    await house.receive("0")
    job, _ = await house.tried()
    assert timedelta(minutes=29) < job.not_before - house.now <= timedelta(minutes=30)


async def test_one_that_hangs_holds_up_nobody(
    house: Hooks, page: Endpoint, other: Endpoint
) -> None:
    page.answer = lambda request: None if request.path == "/hangs" else Reply()
    await house.rules(
        rule(page.url + "hangs", INFO, timeout='"1s"'), rule(page.url, SHOP), rule(other.url)
    )
    begun = reactor().seconds()
    for number in range(10):
        await house.receive(f"i{number}", INFO)
        await house.receive(f"s{number}", SHOP)
    await house.until(lambda: len(other.requests) == 20, "the other host waits")
    await house.until(lambda: len(page.requests) == 11, "the other URL waits")
    print(f"beside one that hangs: {reactor().seconds() - begun:.2f} s")
    assert reactor().seconds() - begun < 1
    job, attempt = await house.tried(1)  # the rule for all mailboxes comes first
    assert (job.state, attempt.reply) == (JobState.WAITING, "it does not answer within 1 s")
    page.answer = done
    house.later(seconds=13)
    await house.all_done()
    called = [request.subject for request in page.requests if request.path == "/hangs"]
    assert called == ["i0", *(f"i{number}" for number in range(10))]


async def test_a_secret_that_is_missing_is_waited_for(house: Hooks, page: Endpoint) -> None:
    await house.rules(rule(page.url, secret='"gone"'))
    await house.receive("0")
    job, attempt = await house.tried()
    assert job.state is JobState.WAITING
    assert attempt.reply.startswith('there is no secret "gone": add it to [actions.secrets]')
    assert not page.requests


PORTAL = "https://portal.example/rest/7/abc/"
BOUND = [
    f'actions.secrets={{ crm = "{PORTAL}", shop = "one", free = "two" }}',
    'actions.secret_hosts={ shop = ["shop.example"] }',
]


@pytest.mark.parametrize("house", [BOUND], indirect=True)
async def test_a_secret_is_told_to_those_alone_for_whom_it_is(house: Hooks, page: Endpoint) -> None:
    await house.rules(
        rule(page.url, INFO, headers='{ A = "{secret:free} {secret:crm}" }'),
        rule(page.url + "2", SHOP, headers='{ A = "{secret:free} {secret:shop}" }'),
    )
    await house.receive("0")
    await house.receive("1", SHOP)
    first, attempt = await house.tried(0)
    assert first.state is JobState.DEAD
    assert attempt.reply == (
        'the secret "crm" is an address that opens a portal: do = "bitrix24" has it, and no header'
        " field tells it to others"
    )
    place = f"127.0.0.1:{page.port}"
    second, attempt = await house.tried(1)
    assert second.state is JobState.WAITING
    assert attempt.reply == (
        f'{place} is not told the secret "shop", which is for shop.example; if it shall be:'
        f' [actions.secret_hosts] in the settings: shop = ["{place}"], then kill -HUP'
    )
    assert not page.requests
    await house.rules(rule(page.url, INFO, headers='{ A = "{secret:free}" }'))
    await house.receive("2")
    await house.until(lambda: bool(page.requests), "it is not called")
    assert page.requests[0].headers["a"] == "two"


@pytest.mark.parametrize("house", [["actions.lifetime=1d"]], indirect=True)
async def test_it_is_given_up_in_the_end(house: Hooks, page: Endpoint) -> None:
    page.answer = says(500)
    await house.rules(rule(page.url))
    await house.receive("0")
    await house.receive("1")
    job, _ = await house.tried()
    while job.state is JobState.WAITING and job.attempts < 60:
        house.later(seconds=(job.not_before - house.now).total_seconds() + 0.1)
        job, _ = await house.tried(attempts=job.attempts + 1)
    assert job.state is JobState.DEAD
    assert 24 <= job.attempts <= 32
    page.answer = done
    await house.tried(1)


BASE = "https://shop.example.org/mail/"


@pytest.mark.parametrize("house", [(f"actions.attachment_url={BASE}",)], indirect=True)
async def test_files_are_told_by_links(house: Hooks, page: Endpoint) -> None:
    await house.rules(rule(page.url, attachments='"url"'))
    letter = mixed(
        b"Subject: x\r\n", text_part("Hi"), attachment("a.pdf", "application/pdf", b"%PDF")
    )
    await house.receive("", content=letter)
    await house.all_done()
    told = page.requests[0].json
    (file,) = told["attachments"]
    assert "content" not in file
    begin = f"{BASE}attachments/{told['message']}/1?expires="
    assert file["url"].startswith(begin)
    expires = int(file["url"].removeprefix(begin).partition("&")[0])
    assert abs(expires - house.now.timestamp() - 7 * 86400) < 60


async def test_links_wait_for_the_setting_that_says_where_they_lead(
    house: Hooks, page: Endpoint
) -> None:
    await house.rules(rule(page.url, attachments='"url"'))
    await house.receive("an order")
    job, attempt = await house.tried()
    assert job.state is JobState.WAITING
    assert "actions.attachment_url" in attempt.reply
    assert not page.requests


async def test_a_call_tells_what_checks_have_found(house: Hooks, page: Endpoint) -> None:
    await house.rules(rule(page.url))
    block = SenderEntry("", "ann@example.net", allowed=False, since=house.now)
    await house.stores.senders.put(block)
    await house.stores.changes.poll()
    await house.receive("cheap")
    await house.all_done()
    told = page.requests[0].json
    assert (told["score"], told["results"]["spam"]) == (100.0, True)
    why = "ann@example.net is blocked for all"
    assert told["results"]["checks"] == [{"name": "senders", "score": 100.0, "reason": why}]
