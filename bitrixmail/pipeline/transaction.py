"""One mail transaction, from the reverse-path to the durable line."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from twisted.internet.defer import DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.interfaces.blobs import IBlobStore
from bitrixmail.interfaces.directory import IRouter
from bitrixmail.interfaces.gate import ISink, ITransaction
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.interfaces.suppressions import ISuppressions
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import Envelope, Recipient, RecipientParameters, SenderParameters
from bitrixmail.model.errors import (
    MailError,
    PermanentError,
    StoreUnavailableError,
    TemporaryError,
)
from bitrixmail.model.job import Kind, NewJob
from bitrixmail.model.limits import SMTPLimits
from bitrixmail.model.message import Content, Draft
from bitrixmail.model.outcome import Outcome
from bitrixmail.model.queue import SentTo
from bitrixmail.model.reply import MAILBOX_FULL, NO_SUCH_MAILBOX, RELAY_DENIED, Reply
from bitrixmail.model.route import Route, RouteKind, Target
from bitrixmail.pipeline.admission import Admission
from bitrixmail.pipeline.blind_copies import SubmittedSink
from bitrixmail.pipeline.content import ContentSink
from bitrixmail.pipeline.judge import Judge
from bitrixmail.pipeline.queue_id import QueueIds
from bitrixmail.pipeline.refusals import Refusals
from bitrixmail.pipeline.relaying import Relaying
from bitrixmail.pipeline.stages import Arrival, Decision, bare, decide
from bitrixmail.pipeline.submission import Submissions
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.judging import BODY_LIMIT_OCTETS
from bitrixmail.tasks import deadline, utcnow

_log = Logger()
# Far below the ten minutes that a client waits after the final dot (RFC 5321 §4.5.3.2.6).
_WAIT_S = 120.0
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients, send the rest separately")
ONLY_BOUNCES = Reply(550, "5.7.1", "That address takes notices of mail systems alone")
ALIAS_LOOP = Reply(550, "5.4.6", "That address leads back to itself")
# Nothing that goes anywhere
_UNTOLD = frozenset({Kind.BOUNCE, Kind.REPORT})
_REFUSED = {
    RouteKind.UNKNOWN: NO_SUCH_MAILBOX,
    RouteKind.FOREIGN: RELAY_DENIED,
    RouteKind.LOOP: ALIAS_LOOP,
}


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every transaction works with. Made by the gate, shared by all."""

    router: IRouter
    messages: IMessageStore
    suppressions: ISuppressions
    blobs: IBlobStore
    judge: Judge
    maillog: IMailLog
    admission: Admission
    refusals: Refusals
    queue_ids: QueueIds
    clock: IReactorTime
    hostname: str
    inline_octets: int
    # Contents in files are judged so many at a time: their octets are in memory meanwhile.
    large: DeferredSemaphore
    # Told of jobs that were written
    queued: Callable[[Sequence[NewJob]], None]


class Terms(NamedTuple):
    """What holds for one transaction from its beginning to its end.

    `once`, `queue_id`: see IGate.open.
    """

    limits: SMTPLimits
    relaying: Relaying
    once: str = ""
    submissions: Submissions | None = None
    queue_id: str = ""


@implementer(ITransaction)
class Transaction:
    """See ITransaction. Made by the gate for a door, ends with commit or abort."""

    def __init__(self, workshop: Workshop, client: Client, terms: Terms) -> None:
        self._shop = workshop
        self._client = client
        self._limits = terms.limits
        self._terms = terms
        self._sender: Address | None = None
        self._parameters = SenderParameters()
        self._recipients: list[Recipient] = []
        # mailbox id -> its target and the recipient addresses that led there, the first first
        self._targets: dict[int, tuple[Target, dict[str, None]]] = {}
        # Those of other hosts
        self._elsewhere: list[Recipient] = []
        # Those of other hosts, to whom a message went that this one tells of
        self._returned: list[SentTo] = []
        # Of ours, those who are to get it later
        self._later: set[Address] | None = None
        self._sink: ContentSink | None = None

    async def sender(self, address: Address | None, parameters: SenderParameters) -> None:
        """See ITransaction."""
        if self._limits.messages_per_minute_per_ip:
            wait = self._shop.admission.message(self._client.address, self._limits)
            if wait is not None:
                raise TemporaryError(wait)
        self._sender = address
        self._parameters = parameters
        if self._terms.submissions is not None:
            await self._admit(self._terms.submissions, address, parameters)
        elif self._client.door == "api" and parameters.hold_until is not None:
            self._later = set()

    async def _admit(
        self, submissions: Submissions, address: Address | None, parameters: SenderParameters
    ) -> None:
        """Let a message of who has logged in begin."""
        try:
            await submissions.admit(self._client.account or "", address, parameters)
        except MailError as error:
            self._refused(None, error.reply)
            raise
        if parameters.hold_for_s is not None or parameters.hold_until is not None:
            self._later = set()

    async def recipient(self, address: Address, parameters: RecipientParameters) -> None:
        """See ITransaction."""
        most = self._limits.max_recipients
        if 0 < most <= len(self._recipients):
            raise TemporaryError(TOO_MANY_RECIPIENTS)
        if self._limits.recipients_per_minute_per_ip:
            wait = self._shop.admission.recipient(self._client.address, self._limits)
            if wait is not None:
                raise TemporaryError(wait)
        if self._terms.submissions is not None:
            self._terms.submissions.count_recipient(self._client.account or "")
        route = await self._shop.router.resolve(address)
        refusal = _REFUSED.get(route.kind)
        if route.onward is not None and self._sender is not None:
            # Whoever got such mail could write by it to its sender, and in our name
            refusal = ONLY_BOUNCES
        elif route.kind is RouteKind.FOREIGN and (
            route.onward is not None or self._terms.relaying.allows(self._client)
        ):
            wanted = route.onward or address
            await self._refuse_suppressed(wanted)
            recipient = Recipient(wanted, parameters)
            self._recipients.append(recipient)
            self._elsewhere.append(recipient)
            return
        if refusal is not None:
            self._refused(address, refusal)
            raise PermanentError(refusal)
        if route.returned is not None:
            refusal = self._take_back(route)
            if refusal is not None:
                self._refused(address, refusal)
                raise PermanentError(refusal)
        if route.targets and await self._full(route):
            self._refused(address, MAILBOX_FULL)
            raise TemporaryError(MAILBOX_FULL)
        self._recipients.append(Recipient(address, parameters))
        if self._later is not None:
            self._later.add(address)
            self._elsewhere.append(self._recipients[-1])
            return
        path = str(address) if route.returned is None else route.returned.sender
        for target in route.targets:
            _, paths = self._targets.setdefault(target.mailbox.id, (target, {}))
            paths[path] = None

    def _take_back(self, route: Route) -> Reply | None:
        """Note what a bounce tells of; what is none only goes to the mailbox it leads to."""
        if self._sender is None and route.returned is not None:
            self._returned.append(route.returned)
            return None
        return None if route.targets else NO_SUCH_MAILBOX

    async def _refuse_suppressed(self, address: Address) -> None:
        """Raise PermanentError for an address that nothing is sent to."""
        now = utcnow(self._shop.clock)
        entry = await self._shop.suppressions.find(address.key, now)
        if entry is not None:
            refusal = Reply(550, "5.7.1", f"Nothing is sent to {address}: {entry.reason}")
            self._refused(address, refusal)
            raise PermanentError(refusal, cause=entry.detail)

    async def _full(self, route: Route) -> bool:
        """Tell whether every mailbox behind a recipient is over its quota."""
        for target in route.targets:
            quota = target.mailbox.quota_octets
            if not quota:
                return False
            used = await self._shop.messages.usage(target.mailbox.id)
            if used + (self._parameters.size_octets or 0) < quota:
                return False
        return True

    def _refused(self, recipient: Address | None, reply: Reply) -> None:
        self._shop.refusals.note(self._client, self._sender, recipient, reply)

    def body(self) -> ISink:
        """See ITransaction."""
        ours = self._terms.submissions is not None or self._client.door == "api"
        kind = SubmittedSink if ours else ContentSink
        self._sink = kind(self._shop.blobs, self._shop.inline_octets)
        return self._sink

    async def commit(self) -> tuple[Outcome, ...]:
        """See ITransaction."""
        sink = self._sink
        if sink is None:
            raise RuntimeError("commit before body")
        try:
            decision = await self._decide(sink)
            try:
                await self._shop.messages.append(decision.draft)
            except MailError:
                raise
            except Exception:  # noqa: BLE001 - the store stumbles over it, as it would each time
                decision = self._without_what_fails(decision)
                await self._shop.messages.append(decision.draft)
        except MailError as error:
            sink.abort()
            self._not_kept(error)
            raise
        except BaseException:
            sink.abort()
            raise
        if not decision.keeps:
            sink.abort()
        self._tell(decision)
        return tuple(Outcome(found.address, decision.reply) for found in self._recipients)

    @staticmethod
    def _without_what_fails(decision: Decision) -> Decision:
        """Return what is to be kept of a message that could not be written down as decided."""
        queue_id = decision.draft.queue_id
        _log.failure("message {queue_id} could not be written down", queue_id=queue_id)
        return bare(decision, traceback.format_exc())

    async def _decide(self, sink: ContentSink) -> Decision:
        content = await sink.finish()
        rules = self._shop.judge.rules
        if not rules.reads_body:
            return await self._judged(content, None, rules)
        if content.blob_id is None:
            return await self._judged(content, content.inline, rules)
        large = self._shop.large
        try:
            await deadline(large.acquire(), _WAIT_S, self._shop.clock)
        except TimeoutError:
            raise StoreUnavailableError("too many large contents wait to be judged") from None
        try:
            octets = await self._shop.blobs.read(content.blob_id, 0, BODY_LIMIT_OCTETS)
            return await self._judged(content, octets, rules)
        finally:
            large.release()

    async def _judged(
        self, content: Content, octets: bytes | None, rules: CompiledRules
    ) -> Decision:
        terms = self._terms
        arrival = Arrival(
            queue_id=terms.queue_id or self._shop.queue_ids.next(),
            received=utcnow(self._shop.clock),
            envelope=Envelope(
                self._client, self._sender, self._parameters, tuple(self._recipients)
            ),
            targets=tuple((target, tuple(paths)) for target, paths in self._targets.values()),
            content=content,
            octets=octets,
            rules=rules,
            elsewhere=tuple(self._elsewhere),
            relaying=terms.relaying,
            once=terms.once,
            submissions=terms.submissions,
            here=self._later or (),
            returned=tuple(self._returned),
        )
        return await decide(arrival, self._shop.judge, self._shop.hostname, self._limits.max_hops)

    def _tell(self, decision: Decision) -> None:
        draft = decision.draft
        if draft.jobs:
            self._tell_of_jobs(draft)
        for filing in draft.filings:
            self._shop.maillog.record(
                "accepted" if filing.outcome == "kept" else filing.outcome,
                queue_id=draft.queue_id,
                session_id=self._client.session_id,
                peer=self._client.address,
                sender=draft.sender,
                recipient=filing.recipient,
                folder=filing.folders[0] if filing.folders else None,
                size_octets=draft.content.size_octets,
            )

    def _tell_of_jobs(self, draft: Draft) -> None:
        self._shop.queued(draft.jobs)
        for job in draft.jobs:
            if job.kind in _UNTOLD:
                continue
            self._shop.maillog.record(
                "queued",
                queue_id=draft.queue_id,
                session_id=self._client.session_id,
                account=self._client.account,
                peer=self._client.address,
                sender=draft.sender,
                recipient=job.recipient,
                size_octets=draft.content.size_octets,
            )

    def _not_kept(self, error: MailError) -> None:
        self._shop.maillog.record(
            "refused" if isinstance(error, PermanentError) else "deferred",
            session_id=self._client.session_id,
            peer=self._client.address,
            sender="" if self._sender is None else str(self._sender),
            recipient=str(self._recipients[0].address) if self._recipients else "",
            reply=str(error.reply),
            reason=error.cause or None,
        )
        if isinstance(error, PermanentError):
            self._refused(self._recipients[0].address if self._recipients else None, error.reply)

    def abort(self, reason: Reply | None = None) -> None:
        """See ITransaction."""
        if self._sink is not None:
            self._sink.abort()
        if reason is not None and self._recipients:
            self._refused(self._recipients[0].address, reason)
