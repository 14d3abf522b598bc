"""Mail of who has logged in, over the real store: as whom, how much, when, and what it lacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from twisted.internet.task import Clock

from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.directory import Domain, Grant, Mailbox
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import MailError, PermanentError, StoreUnavailableError
from bitrixmail.model.job import Kind
from bitrixmail.model.limits import SubmissionLimits
from bitrixmail.model.queue import Queued, Search, Wanted
from bitrixmail.outbound.local import LocalCourier
from bitrixmail.pipeline.relaying import Relaying
from bitrixmail.pipeline.routing import Router
from bitrixmail.pipeline.submission import Submissions
from bitrixmail.pipeline.transaction import Transaction
from bitrixmail.store.opening import InlineStores, done
from tests.fakes.real_gate import House

INFO = "info@example.org"
CLIENT = Client("192.0.2.1", 4242, "s1", door="submission", helo="laptop", esmtp=True, account=INFO)
DATED = b"Date: Mon, 4 May 2026 12:00:00 +0000\r\nMessage-ID: <1@laptop>\r\n"
LETTER = DATED + b"From: info@example.org\r\nSubject: x\r\n\r\nbody\r\n"
NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)


class Office(House):
    """A gate over real stores that knows logins; made by a test."""

    def __init__(self, stores: InlineStores, clock: Clock) -> None:
        super().__init__(stores, clock)
        self.submissions = self.gate.submissions = Submissions(
            Router(stores.directory, "example.org"),
            stores.directory,
            stores.grants,
            clock,
            SubmissionLimits(),
        )

    def limit(self, **changes: object) -> None:
        limits = self.submissions.limits
        self.submissions.limits = replace(limits, **changes)  # type: ignore[arg-type] # by name

    def begun(
        self,
        sender: str,
        *recipients: str,
        parameters: SenderParameters | None = None,
        client: Client = CLIENT,
    ) -> Transaction:
        transaction = self.gate.open(client)
        address = address_of(sender) if sender else None
        done(transaction.sender(address, parameters or SenderParameters()))
        for recipient in recipients:
            done(transaction.recipient(address_of(recipient), RecipientParameters()))
        return transaction

    def submitted(
        self,
        content: bytes = LETTER,
        *recipients: str,
        sender: str = INFO,
        parameters: SenderParameters | None = None,
    ) -> str:
        transaction = self.begun(sender, *(recipients or (INFO,)), parameters=parameters)
        transaction.body().write(content)
        return str(done(transaction.commit())[0].reply)

    def refused(self, content: bytes, sender: str = INFO) -> str:
        with pytest.raises(MailError) as caught:
            self.submitted(content, sender=sender)
        # fail2ban bans nobody for a line whose reply has a reason behind it
        assert self.log.lines[-1][1]["reason"]
        return str(caught.value.reply)

    def jobs(self) -> list[Queued]:
        return list(done(self.stores.queue.find(Search(), 100)))


def address_of(text: str) -> Address:
    local_part, _, domain = text.rpartition("@")
    return Address(local_part, domain)


@pytest.fixture
def office(stores: InlineStores, clock: Clock) -> Office:
    """Beside the directory of the other tests plus+shop@, a mailbox that looks like a detail."""
    done(stores.directory.add_mailbox(Mailbox(0, "plus+shop@example.org"), None))
    return Office(stores, clock)


def as_account(account: str) -> Client:
    return replace(CLIENT, account=account)


@pytest.mark.parametrize(
    ("account", "sender"),
    [
        (INFO, INFO),
        (INFO, "Info@example.org"),
        (INFO, "info+shop@example.org"),
        (INFO, "info@example.com"),
        (INFO, "all@example.org"),
        (INFO, "team@example.org"),
        (INFO, "team+x@example.org"),
        (INFO, ""),
        ("plus@example.org", "all@example.org"),
        ("plus+shop@example.org", "plus+shop@example.org"),
        ("почта@xn--e1afmkfd.xn--p1ai", "Почта@xn--e1afmkfd.xn--p1ai"),
    ],
)
def test_what_belongs_to_a_login(office: Office, account: str, sender: str) -> None:
    office.begun(sender, client=as_account(account)).abort()


@pytest.mark.parametrize(
    ("account", "sender"),
    [
        (INFO, "plus@example.org"),
        (INFO, "nobody@example.org"),
        (INFO, "info@example.net"),
        (INFO, "postmaster@example.org"),
        ("plus@example.org", "plus+shop@example.org"),
        ("small@example.org", "team@example.org"),
    ],
)
def test_what_does_not(office: Office, account: str, sender: str) -> None:
    with pytest.raises(PermanentError) as caught:
        office.begun(sender, client=as_account(account))
    assert str(caught.value.reply) == f"553 5.7.1 {account} may not send as {sender}"


def test_who_gets_what_nobody_else_does_may_not_send_as_anybody(office: Office) -> None:
    done(office.stores.directory.change_domain(Domain("example.org", catch_all=INFO)))
    with pytest.raises(PermanentError, match="may not send as boss@"):
        office.begun("boss@example.org")


def test_a_grant_is_good_from_the_next_message_on_and_until_it_is_taken_back(
    office: Office,
) -> None:
    grants = office.stores.grants
    for address, sender in (
        ("sales@example.net", "Sales@example.net"),
        ("@example.com", "anybody@example.com"),
    ):
        grant = Grant(INFO, address)
        done(grants.add(grant))
        office.begun(sender).abort()
        with pytest.raises(PermanentError):
            office.begun("other@example.net")
        done(grants.remove(grant))
        with pytest.raises(PermanentError):
            office.begun(sender)


@pytest.mark.parametrize("account", ["off@example.org", "gone@example.org"])
def test_an_account_that_is_switched_off_sends_nothing_more(office: Office, account: str) -> None:
    with pytest.raises(PermanentError, match="switched off"):
        office.begun(account, client=as_account(account))


def test_other_doors_know_no_such_rights(office: Office) -> None:
    office.begun("boss@example.net", client=replace(CLIENT, door="smtp", account=None)).abort()
    office.begun("boss@example.net", client=replace(CLIENT, door="pickup", account="www")).abort()


@pytest.mark.parametrize(
    "authors",
    [
        b"info@example.org",
        b"Info <INFO@example.org>",
        b'"info" <info+x@example.org>, team@example.org',
        "Почта <info@example.com>".encode(),
        b'"info"@example.org',
    ],
)
def test_its_author_is_who_has_logged_in(office: Office, authors: bytes) -> None:
    office.submitted(DATED + b"From: " + authors + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("head", "reply"),
    [
        (b"Subject: x\r\n", "550 5.6.0 The message has no From field"),
        (b"From: \r\n", "550 5.6.0 The message has no From field"),
        (b"From: friends:;\r\n", "550 5.6.0 The message has no From field"),
        (
            b"From: info@example.org\r\nfrom : boss@example.net\r\n",
            "550 5.6.0 The message has more",
        ),
        (b"From: boss@example.net\r\n", "550 5.7.1 From: info@example.org may not send as boss@ex"),
        (b"From: info@example.org, boss@example.net\r\n", "550 5.7.1 From: info@example.org may"),
        (b"From: info@example.org <boss@example.net>\r\n", "550 5.7.1 From: info@example.org may"),
        (b"From: The boss\r\n", "550 5.7.1 From: info@example.org may not send as The boss"),
        (b"From: boss\r\n", "550 5.7.1 From: info@example.org may not send as boss"),
        (b"From: " + b"info@example.org," * 60 + b"\r\n", "550 5.6.0 The message has no From"),
        (b"From: info@example.org\r\n" + b"X: y\r\n" * 5000, "550 5.6.0 The header section"),
        (b"From: info@example.org\r\nX: " + b"y" * 300_000 + b"\r\n", "550 5.6.0 The header sec"),
    ],
)
def test_its_author_is_somebody_else(office: Office, head: bytes, reply: str) -> None:
    assert office.refused(head + b"\r\n").startswith(reply)
    assert office.folder(INFO) == []


def test_what_the_author_says_may_be_left_to_him(office: Office) -> None:
    office.limit(check_from=False)
    office.submitted(DATED + b"From: boss@example.net\r\n\r\n")
    assert "no From" in office.refused(b"Subject: x\r\n\r\n")


def test_the_null_sender_is_for_what_nobody_answers(office: Office) -> None:
    reply = "550 5.7.1 The null sender is for reports and automatic replies alone"
    assert office.refused(LETTER, sender="") == reply
    assert office.refused(b"Auto-Submitted: no\r\n" + LETTER, sender="") == reply
    for field in (
        b"Auto-Submitted: auto-replied; owner=x\r\n",
        b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n",
    ):
        office.submitted(field + LETTER, sender="")
    other = LETTER.replace(b"From: info", b"From: boss")
    assert "boss@" in office.refused(b"Auto-Submitted: auto-replied\r\n" + other, sender="")


def test_what_is_missing_is_added_before_what_came(office: Office) -> None:
    content = b"From: info@example.org\r\n\r\nbody\r\n"
    queue_id = office.submitted(content).rpartition(" ")[2]
    (kept,) = office.folder(INFO)
    prefix = kept.removesuffix(content).decode()
    assert kept.endswith(content)
    assert prefix.endswith(
        f"Fri, 15 Jan 2027 08:00:00 +0000\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\n"
        f"Message-ID: <{queue_id}@mx.example.org>\r\n"
    )
    assert "with ESMTPA id" in prefix
    office.submitted(LETTER)
    assert office.folder(INFO)[1].count(b"\r\nDate: ") == 1
    assert office.folder(INFO)[1].count(b"\r\nMessage-ID: ") == 1


def test_others_get_what_was_added_too(office: Office) -> None:
    queue_id = office.submitted(
        b"From: info@example.org\r\n\r\n", "bob@elsewhere.example"
    ).rpartition(" ")[2]
    until = NOW + timedelta(1)
    wanted = [Wanted(Kind.REMOTE, "elsewhere.example", 1)]
    (job,) = done(office.stores.jobs.lease("test", until, wanted, NOW))
    whole = done(office.stores.jobs.read(job.message_id, 0, 10_000))
    assert f"Message-ID: <{queue_id}@mx.example.org>\r\nFrom: ".encode() in whole


def test_a_message_that_is_held_goes_to_nobody_before_its_time(office: Office) -> None:
    for parameters, due in (
        (SenderParameters(hold_for_s=3600), NOW + timedelta(hours=1)),
        (SenderParameters(hold_until=NOW + timedelta(days=2)), NOW + timedelta(days=2)),
        (SenderParameters(hold_until=NOW - timedelta(days=2)), NOW),
    ):
        office.submitted(LETTER, "bob@elsewhere.example", INFO, parameters=parameters)
        local, remote = sorted(office.jobs()[-2:], key=lambda job: job.kind)
        assert (local.kind, local.recipient) == (Kind.LOCAL, INFO)
        assert (remote.kind, remote.recipient) == (Kind.REMOTE, "bob@elsewhere.example")
        for job in (local, remote):
            assert job.not_before == due
            assert job.expires == due + timedelta(days=5)
    assert office.folder(INFO) == []


def test_who_is_here_gets_it_at_its_time(office: Office, clock: Clock) -> None:
    office.submitted(LETTER, INFO, parameters=SenderParameters(hold_for_s=3600))
    wanted = [Wanted(Kind.LOCAL, "example.org", 5)]
    jobs = office.stores.jobs
    assert done(jobs.lease("test", NOW + timedelta(1), wanted, NOW)) == ()
    later = NOW + timedelta(hours=1)
    leased = done(jobs.lease("test", NOW + timedelta(1), wanted, later))
    done(LocalCourier(office.gate, jobs, clock).deliver(leased))
    (kept,) = office.folder(INFO)
    assert kept.endswith(LETTER)


def test_there_is_an_end_to_holding(office: Office) -> None:
    office.limit(most_held_s=3600)
    for parameters in (
        SenderParameters(hold_for_s=3601),
        SenderParameters(hold_until=NOW + timedelta(seconds=3601)),
    ):
        with pytest.raises(PermanentError) as caught:
            office.begun(INFO, parameters=parameters)
        assert str(caught.value.reply) == "501 5.5.4 A message is held for 3600 seconds at most"
    office.begun(INFO, parameters=SenderParameters(hold_for_s=3600)).abort()


def test_a_neighbour_brings_mail_for_us_alone(office: Office) -> None:
    neighbour = replace(CLIENT, door="lmtp", address="127.0.0.1", account=None)
    office.gate.relaying = Relaying((ip_network("127.0.0.0/8"),))
    office.begun("a@example.net", INFO, client=neighbour).abort()
    with pytest.raises(PermanentError, match="Relaying denied"):
        office.begun("a@example.net", "bob@elsewhere.example", client=neighbour)


def test_nobody_unknown_is_held_for(office: Office) -> None:
    with pytest.raises(PermanentError, match="No such mailbox"):
        office.begun(INFO, "nobody@example.org", parameters=SenderParameters(hold_for_s=1))


def test_messages_and_recipients_of_a_login_are_counted(office: Office) -> None:
    office.limit(messages=(2, 0, 0), recipients=(0, 0, 3))
    office.begun(INFO, INFO, "plus@example.org").abort()
    transaction = office.begun(INFO, INFO)
    with pytest.raises(MailError) as caught:
        done(transaction.recipient(address_of(INFO), RecipientParameters()))
    assert str(caught.value.reply).startswith("450 4.7.1 info@example.org has sent 3 recipients")
    with pytest.raises(MailError) as caught:
        office.begun(INFO)
    assert str(caught.value.reply).startswith("450 4.7.1 info@example.org has sent 2 messages")
    office.begun("plus@example.org", client=as_account("plus@example.org")).abort()


def test_a_directory_that_is_gone_is_no_reason_to_keep_it_unseen(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    transaction = office.begun(INFO, INFO)
    transaction.body().write(LETTER.replace(b"info@", b"other@"))

    async def gone(_mailbox: str) -> frozenset[str]:
        raise StoreUnavailableError("the disk is gone")

    monkeypatch.setattr(office.stores.grants, "of", gone)
    with pytest.raises(StoreUnavailableError):
        done(transaction.commit())
    assert office.folder(INFO) == []
    assert office.folder(INFO, "Quarantine") == []
