"""Messages handed over to a portal: what is made there, once, and what its refusals lead to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from bitrixmail.model.job import JobState
from tests.corpus.fields import attachment, mixed, text_part
from tests.fakes.portal import Portal, RefusedError
from tests.internet.hooks import INFO, Hooks
from tests.internet.net import Internet

LETTER = mixed(
    b"Subject: =?utf-8?b?0LfQsNC60LDQtw==?=\r\nFrom: Ann <ann@example.net>\r\n",
    text_part("Two of [URL=http://evil.example]these[/URL], please"),
    attachment("list.pdf", "application/pdf", b"%PDF-1.4 list"),
)


@pytest.fixture
def portal() -> Iterator[Portal]:
    made = Portal()
    made.up()
    yield made
    pytest_twisted.blockon(Deferred.fromCoroutine(made.down()))


@pytest.fixture
def house(tmp_path: Path, net: Internet, portal: Portal) -> Iterator[Hooks]:
    secret = f'actions.secrets={{ crm = "{portal.webhook}", wrong = "{portal.url}rest/7/bad/" }}'
    made = Hooks(tmp_path, net, [f"127.0.0.1:{portal.port}"], secret)
    pytest_twisted.blockon(Deferred.fromCoroutine(made.open()))
    yield made
    pytest_twisted.blockon(Deferred.fromCoroutine(made.close()))


def rule(entity: str, more: str = "", portal: str = "crm") -> str:
    return (
        f'[[rule]]\nname = "{entity}"\n[[rule.action]]\ndo = "bitrix24"\nportal = "{portal}"\n'
        f'entity = "{entity}"\n{more}\n'
    )


async def test_a_lead_of_somebody_unknown(house: Hooks, portal: Portal) -> None:
    fields = '{ TITLE = "Mail: {subject}", UF_CRM_1 = "{mailbox}" }'
    await house.rules(rule("lead", f"fields = {fields}\nresponsible = 5"))
    await house.receive("", content=LETTER)
    await house.all_done()
    [job] = await house.hooks()
    assert portal.leads == [
        {
            "TITLE": "Mail: заказ",
            "UF_CRM_1": INFO,
            "NAME": "Ann",
            "COMMENTS": "Two of [URL=http://evil.example]these[/URL], please",
            "SOURCE_ID": "EMAIL",
            "SOURCE_DESCRIPTION": INFO,
            "ASSIGNED_BY_ID": 5,
            "ORIGINATOR_ID": "bitrixmail",
            "ORIGIN_ID": portal.leads[0]["ORIGIN_ID"],
            "EMAIL": [{"VALUE": "ann@example.net", "VALUE_TYPE": "WORK"}],
        }
    ]
    assert portal.leads[0]["ORIGIN_ID"].startswith(job.queue_id)
    assert job.last
    assert (job.last.reply, job.last.host) == ("lead 1", f"127.0.0.1:{portal.port}")


async def test_a_lead_of_a_known_contact(house: Hooks, portal: Portal) -> None:
    portal.contacts["ann@example.net"] = 12
    await house.rules(rule("lead"))
    await house.receive("", content=LETTER)
    await house.all_done()
    assert portal.leads[0]["CONTACT_ID"] == 12


async def test_an_activity_with_its_files(house: Hooks, portal: Portal) -> None:
    portal.companies["ann@example.net"] = 30
    await house.rules(rule("activity"))
    await house.receive("", content=LETTER)
    await house.all_done()
    [activity] = portal.activities
    assert (activity["OWNER_TYPE_ID"], activity["OWNER_ID"]) == (4, 30)
    assert activity["FILES"] == [{"fileData": ["list.pdf", "JVBERi0xLjQgbGlzdA=="]}]
    assert not portal.leads


@pytest.mark.parametrize("whose", ["CONTACT_ID", "COMPANY_ID"])
async def test_an_activity_stands_at_the_open_deal(
    house: Hooks, portal: Portal, whose: str
) -> None:
    known = portal.contacts if whose == "CONTACT_ID" else portal.companies
    known["ann@example.net"] = 12
    portal.deals = [
        {whose: 12, "CLOSED": "N"},
        {whose: 12, "CLOSED": "N"},
        {whose: 12, "CLOSED": "Y"},
        {whose: 13, "CLOSED": "N"},
    ]
    await house.rules(rule("activity"))
    await house.receive("", content=LETTER)
    await house.all_done()
    [activity] = portal.activities
    assert (activity["OWNER_TYPE_ID"], activity["OWNER_ID"]) == (2, 2)
    kind = 3 if whose == "CONTACT_ID" else 4
    assert activity["COMMUNICATIONS"] == [
        {"TYPE": "EMAIL", "VALUE": "ann@example.net", "ENTITY_ID": 12, "ENTITY_TYPE_ID": kind}
    ]
    [job] = await house.hooks()
    assert job.last
    assert job.last.reply == f"activity 1 at deal 2 of {whose[:-3].lower()} 12"


async def test_an_activity_of_somebody_unknown_makes_a_lead(house: Hooks, portal: Portal) -> None:
    await house.rules(rule("activity"))
    await house.receive("", content=LETTER)
    await house.all_done()
    assert [lead["TITLE"] for lead in portal.leads] == ["заказ"]
    assert (portal.activities[0]["OWNER_TYPE_ID"], portal.activities[0]["OWNER_ID"]) == (1, 1)


async def test_a_task_and_a_word_in_a_chat(house: Hooks, portal: Portal) -> None:
    portal.contacts["ann@example.net"] = 12
    await house.rules(rule("task"), rule("chat", 'dialog = "chat42"'))
    await house.receive("", content=LETTER)
    await house.all_done()
    [task], [word] = portal.tasks, portal.words
    assert (task["TITLE"], task["RESPONSIBLE_ID"], task["UF_CRM_TASK"]) == ("заказ", 7, ["C_12"])
    assert word["DIALOG_ID"] == "chat42"
    # What strangers write makes no links there
    assert "[URL" not in task["DESCRIPTION"] + word["MESSAGE"]
    assert word["MESSAGE"].startswith("[B]заказ[/B]\nAnn <ann@example.net>\nTwo of [ URL=")


@pytest.mark.parametrize("entity", ["lead", "activity", "task"])
async def test_what_was_made_is_not_made_again(house: Hooks, portal: Portal, entity: str) -> None:
    """The answer is lost: nobody knows here that it was made."""
    portal.loses = True
    await house.rules(rule(entity, 'timeout = "1s"'))
    await house.receive("", content=LETTER)
    job, attempt = await house.tried()
    assert (job.state, attempt.reply) == (JobState.WAITING, "it does not answer within 1 s")
    portal.loses = False
    house.later(seconds=13)
    await house.all_done()
    made = {"lead": portal.leads, "activity": portal.activities, "task": portal.tasks}[entity]
    assert len(made) == 1
    assert len(portal.leads) <= 1


async def test_too_many_requests_come_later(house: Hooks, portal: Portal) -> None:
    limit = RefusedError(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
    portal.refusing = lambda _method: limit
    await house.rules(rule("lead"))
    await house.receive("", content=LETTER)
    job, attempt = await house.tried()
    assert job.state is JobState.WAITING
    assert attempt.reply == "crm.lead.list: QUERY_LIMIT_EXCEEDED Too many requests"
    portal.refusing = lambda _method: None
    house.later(seconds=13)
    await house.all_done()


async def test_a_wrong_code_ends_it_with_advice(house: Hooks, portal: Portal) -> None:
    await house.rules(rule("lead", portal="wrong"))
    await house.receive("", content=LETTER)
    job, attempt = await house.tried()
    assert job.state is JobState.DEAD
    assert "INVALID_CREDENTIALS" in attempt.reply
    assert "make a new one on the portal" in attempt.reply
    assert "bad" not in attempt.reply


async def test_a_field_that_is_not_taken_ends_it_and_can_be_replayed(
    house: Hooks, portal: Portal
) -> None:
    wrong = RefusedError(400, "", "Unknown value of STATUS_ID")
    portal.refusing = lambda method: wrong if method == "crm.lead.add" else None
    await house.rules(rule("lead"))
    await house.receive("", content=LETTER)
    job, attempt = await house.tried()
    assert (job.state, "see what it says of it" in attempt.reply) == (JobState.DEAD, True)
    portal.refusing = lambda _method: None
    await house.stores.queue.retry([job.id], house.now, house.now + timedelta(days=1))
    house.sending.dispatcher.changed_by_hand()
    await house.all_done()
    assert len(portal.leads) == 1
