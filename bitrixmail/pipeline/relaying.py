"""Mail for other hosts: who may hand it over here, and the jobs it is made into."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import Envelope, Recipient, SenderParameters
from bitrixmail.model.job import Kind, NewJob, Priority
from bitrixmail.model.limits import Networks, listed
from bitrixmail.model.message import Filing
from bitrixmail.model.queue import SentTo
from bitrixmail.model.remote import RemoteOptions, ReturnedOptions
from bitrixmail.model.way import RouteRule, rule_for

# Doors behind which nobody stands but this host's own users, each known by name
_OWN_DOORS = frozenset({"pickup", "local", "api"})
_BOUNCES_READ = timedelta(days=1)
_REPORTED = timedelta(days=1)
_BULK = frozenset({"bulk", "list", "junk"})


@dataclass(frozen=True, slots=True)
class Relaying:
    """Who may have mail sent on to other hosts: who has logged in, and who is listed by hand.

    `routes` lead it by hand, the first that fits; what takes none lives for `lifetime`. What rules
    want done outside is attempted for `action_lifetime`.
    """

    networks: Networks = ()
    lifetime: timedelta = timedelta(days=5)
    routes: tuple[RouteRule, ...] = ()
    action_lifetime: timedelta = timedelta(days=3)

    def allows(self, client: Client) -> bool:
        """Tell whether a client's mail for other hosts is taken."""
        if client.account is not None or client.door in _OWN_DOORS:
            return True
        if client.door == "lmtp":  # it is for final delivery (RFC 2033 §5)
            return False
        return bool(self.networks) and listed(client.address, self.networks)


def remote_jobs(  # noqa: PLR0917 - all of it is needed, nothing has a default
    queue_id: str,
    received: datetime,
    envelope: Envelope,
    recipients: Sequence[Recipient],
    relaying: Relaying,
    headers: HeaderSection | None,
    here: Collection[Address] = (),
) -> tuple[NewJob, ...]:
    """Make a job of each recipient elsewhere, and of those `here` who get it later (RFC 4865).

    `headers` None: the message could not be read, so it is held for a person to look at.
    """
    due = _due(envelope.parameters, received)
    priority = _priority(envelope.parameters, headers)
    jobs: list[NewJob] = []
    for number, recipient in enumerate(recipients, 1):
        domain, is_ours = recipient.address.domain, recipient.address in here
        rule = None
        if relaying.routes and not is_ours:
            rule = rule_for(envelope.reverse_path, domain, relaying.routes)
        lifetime = relaying.lifetime if rule is None else rule.lifetime or relaying.lifetime
        jobs.append(
            NewJob(
                key=f"{queue_id}:{number}",
                kind=Kind.LOCAL if is_ours else Kind.REMOTE,
                destination=domain if rule is None else rule.destination(domain),
                recipient=str(recipient.address),
                not_before=due,
                expires=due + lifetime,
                priority=priority,
                payload=RemoteOptions(envelope.parameters, recipient.parameters).to_json(),
                held=headers is None,
            )
        )
    return tuple(jobs)


def _due(parameters: SenderParameters, received: datetime) -> datetime:
    """Return when a message is to be sent; a time that has passed is now."""
    if parameters.hold_for_s is not None:
        return received + timedelta(seconds=parameters.hold_for_s)
    if parameters.hold_until is not None:
        return max(received, parameters.hold_until)
    return received


def bounce_job(queue_id: str, number: int, received: datetime, sent: SentTo | None) -> NewJob:
    """Make the job to read a message with a null sender, which may tell of one of ours.

    `sent`: it does, by the return path to which it came; `number` tells several apart.
    """
    return NewJob(
        key=f"{queue_id}:bounce" + (f":{number}" if number else ""),
        kind=Kind.BOUNCE,
        destination="",
        recipient="",
        not_before=received,
        expires=received + _BOUNCES_READ,
        payload="{}" if sent is None else ReturnedOptions(sent).to_json(),
    )


def report_jobs(
    queue_id: str, received: datetime, envelope: Envelope, filings: Sequence[Filing]
) -> tuple[NewJob, ...]:
    """Make a job of each recipient whose mailbox took it, and whose sender asked to be told."""
    kept = {
        address
        for filing in filings
        if filing.outcome == "kept"
        for address in (filing.recipient, *filing.others)
    }
    return tuple(
        NewJob(
            key=f"{queue_id}:report:{number}",
            kind=Kind.REPORT,
            destination="",
            recipient=str(recipient.address),
            not_before=received,
            expires=received + _REPORTED,
            payload=RemoteOptions(envelope.parameters, recipient.parameters).to_json(),
        )
        for number, recipient in enumerate(envelope.recipients, 1)
        if wants_report(recipient) and str(recipient.address) in kept
    )


def wants_report(recipient: Recipient) -> bool:
    """Tell whether a sender asked to be told of success (RFC 3461 §4.1)."""
    notify = recipient.parameters.notify
    return notify is not None and "SUCCESS" in notify


def _priority(parameters: SenderParameters, headers: HeaderSection | None) -> Priority:
    """Return what was asked for (RFC 6710: of its 19 priorities there are three here).

    Else bulk mail is told by what its senders write into it, and haste likewise (RFC 2156,
    RFC 2369).
    """
    asked = parameters.mt_priority
    if asked is not None:
        return Priority.URGENT if asked > 0 else Priority.BULK if asked < 0 else Priority.NORMAL
    if headers is None:
        return Priority.NORMAL
    if headers.text("precedence").strip().lower() in _BULK or headers.text("list-unsubscribe"):
        return Priority.BULK
    if headers.text("priority").strip().lower() == "urgent":
        return Priority.URGENT
    return Priority.NORMAL
