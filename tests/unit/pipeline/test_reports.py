"""Who is told of success in a mailbox here: who asked for it, and may send by this host."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from twisted.internet.task import Clock

from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.job import Kind
from bitrixmail.model.queue import Queued, Search
from bitrixmail.model.remote import RemoteOptions
from bitrixmail.pipeline.relaying import Relaying
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.store.opening import InlineStores, done
from tests.fakes.real_gate import CLIENT, House
from tests.unit.pipeline.test_transaction import LETTER

KNOWN = replace(CLIENT, door="pickup", account="www-data")
BOSS = Address("boss", "example.net")
SUCCESS = RecipientParameters(frozenset({"SUCCESS"}), "rfc822;i@old.example")


class Office(House):
    """A gate over real stores; made by a test."""

    def taken(
        self,
        *recipients: str,
        client: Client = KNOWN,
        asked: RecipientParameters = SUCCESS,
        sender: Address | None = BOSS,
    ) -> list[Queued]:
        """Take a message in, and return the reports that are to be written."""
        transaction = self.gate.open(client)
        done(transaction.sender(sender, SenderParameters(envid="QQ1")))
        for recipient in recipients:
            done(transaction.recipient(Address.of(recipient), asked))
        transaction.body().write(LETTER)
        done(transaction.commit())
        found = done(self.stores.queue.find(Search(kind=Kind.REPORT), 10))
        return list(found)


@pytest.fixture
def office(stores: InlineStores, clock: Clock) -> Office:
    return Office(stores, clock)


def test_each_recipient_has_a_report_as_he_was_named(office: Office) -> None:
    found = office.taken("Info@example.org", "all@example.org")
    assert [job.recipient for job in found] == ["Info@example.org", "all@example.org"]
    leased = done(office.stores.jobs.lease_these("s", found[0].expires, [1], [found[0].state]))
    options = RemoteOptions.from_json(leased[0].payload)
    assert (options.recipient, options.sender.envid) == (SUCCESS, "QQ1")
    assert [what for what, _ in office.log.lines] == ["accepted"] * 2


@pytest.mark.parametrize("notify", [None, frozenset({"FAILURE", "DELAY"}), frozenset({"NEVER"})])
def test_what_nobody_asked_for_is_not_told(office: Office, notify: frozenset[str] | None) -> None:
    assert office.taken("info@example.org", asked=RecipientParameters(notify)) == []


def test_the_null_sender_is_told_nothing(office: Office) -> None:
    assert office.taken("info@example.org", sender=None) == []


def test_a_stranger_may_be_lying_about_who_he_is(office: Office) -> None:
    assert office.taken("info@example.org", client=CLIENT) == []
    office.gate.relaying = Relaying((ip_network(CLIENT.address),))
    assert len(office.taken("info@example.org", client=CLIENT)) == 1


def test_what_is_in_quarantine_is_no_success(office: Office) -> None:
    rules = '[[rule]]\nname = "x"\naction = [{do = "quarantine"}]\n'
    done(office.stores.rulebook.replace(parse_rules(rules, "rules.toml"), "test", ""))
    done(office.judge.load())
    assert office.taken("info@example.org") == []
