"""The courier of webhooks: a URL is called for a message, signed, at least once.

2xx is done, 406 and 410 end it, anything else is tried again: in the order of the messages of a
mailbox, and without a second look at what stands behind the message that is tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.mime.urls import is_url, read_url
from bitrixmail.model.http import Call, Called
from bitrixmail.model.job import Job, Kind, Result, Trouble
from bitrixmail.model.work import Order
from bitrixmail.outbound.actions.calling import (
    ANSWER_OCTETS,
    TIMEOUT_S,
    Answer,
    CallingCourier,
    missing_secret,
    said,
    wait_of,
)
from bitrixmail.outbound.actions.form import Payload
from bitrixmail.outbound.actions.letter import Letter, read_letter
from bitrixmail.outbound.actions.payloads import PAYLOADS, Terms
from bitrixmail.outbound.actions.signature import HEADER, signature
from bitrixmail.rules.outside_hook import SECRET_PLACE, seconds_of
from bitrixmail.tasks import utcnow

_FINAL = frozenset({406, 410})
_BUSY = frozenset({429, 503})
# Larger payloads are written in a thread
_IN_THREAD_OCTETS = 64 * 1024


@implementer(ICourier, ILine)
class WebhookCourier(CallingCourier):
    """See the module. Made by compose, lives as long as the server."""

    kind = Kind.WEBHOOK

    async def _carried_out(self, job: Job, order: Order) -> Answer:
        """See CallingCourier."""
        settings: Mapping[str, Any] = order.settings or {}
        signing = [settings["secret"]] if "secret" in settings else []
        headers = dict(settings.get("headers", {}))
        told = [name for value in headers.values() for name in SECRET_PLACE.findall(value)]
        for name in (*signing, *told):
            if not self.terms.secrets.get(name):
                return missing_secret(name)
        kept_back = next(filter(None, (self._kept_back(name, order) for name in told)), None)
        if kept_back is not None:
            return kept_back
        kind = settings.get("format", "json")
        if kind == "raw" and job.size_octets > self.terms.most_octets:
            what = f"a message of {job.size_octets} octets is more than actions.max_size"
            return Answer(Result.FAILED, what)
        links = self.terms.links
        if settings.get("attachments") == "url" and not (links and links.base):
            what = "where files are fetched is not set: actions.attachment_url, then kill -HUP"
            return Answer(Result.DEFERRED, what)
        letter = await read_letter(self._jobs, self._threads, job, order, self.terms.most_octets)
        call = await self._call(letter, kind, settings)
        timeout_s = seconds_of(settings["timeout"]) if "timeout" in settings else TIMEOUT_S
        return self._judged(await self._caller.call(call, ANSWER_OCTETS, timeout_s))

    async def _call(self, letter: Letter, kind: str, settings: Mapping[str, Any]) -> Call:
        job = letter.job
        secrets = self.terms.secrets.get(settings.get("secret", ""), ())
        timestamp = int(utcnow(self._clock).timestamp())
        wanted, links = settings.get("attachments", "inline"), self.terms.links
        url = await links.of(job.queue_id, timestamp) if links and wanted == "url" else None
        terms = Terms(job.attempts + 1, timestamp, secrets, wanted == "inline", url)
        payload, signed = (
            await self._threads.run(_written, letter, kind, terms)
            if len(letter.octets) > _IN_THREAD_OCTETS
            else _written(letter, kind, terms)
        )
        headers = [
            (name, SECRET_PLACE.sub(self._revealed, value))
            for name, value in settings.get("headers", {}).items()
        ]
        marks = [
            ("X-Bitrixmail-Id", job.key),
            ("X-Bitrixmail-Attempt", str(terms.attempt)),
            ("X-Bitrixmail-Timestamp", str(timestamp)),
        ]
        if kind == "raw":
            marks.append(("X-Bitrixmail-Sender", job.sender))
            marks.append(("X-Bitrixmail-Recipient", letter.order.recipient))
        if signed:
            headers.append((HEADER, signed))
        called, octets = letter.order.argument, payload.octets
        return Call(called, octets, payload.content_type, tuple(headers), tuple(marks))

    def _kept_back(self, name: str, order: Order) -> Answer | None:
        """Say why a secret is not told to who is called; None if it is."""
        if any(is_url(each.value) for each in self.terms.secrets[name]):
            what = f'the secret "{name}" is an address that opens a portal: do = "bitrix24" has it,'
            return Answer(Result.FAILED, f"{what} and no header field tells it to others")
        hosts, place = self.terms.secret_hosts.get(name), read_url(order.argument).place
        if hosts is None or place in hosts or place.rpartition(":")[0] in hosts:
            return None
        remedy = f'[actions.secret_hosts] in the settings: {name} = ["{place}"], then kill -HUP'
        what = f'{place} is not told the secret "{name}", which is for {", ".join(hosts)}'
        return Answer(Result.DEFERRED, f"{what}; if it shall be: {remedy}")

    def _revealed(self, place: Any) -> str:
        return self.terms.secrets[place[1]][0].value

    def _judged(self, called: Called) -> Answer:
        reply, where = said(called), (called.host, called.address)
        if 200 <= called.status < 300:
            return Answer(Result.DELIVERED, reply, *where)
        if called.status in _FINAL:
            return Answer(Result.FAILED, reply, *where)
        if called.status in _BUSY:
            wait = wait_of(called, utcnow(self._clock))
            return Answer(Result.DEFERRED, reply, *where, wait, Trouble.BUSY)
        return Answer(Result.DEFERRED, reply, *where)


def _written(letter: Letter, kind: str, terms: Terms) -> tuple[Payload, str]:
    """Write a payload and sign it; without a secret the signature is empty."""
    payload = PAYLOADS[kind](letter, terms)
    if not terms.secrets:
        return payload, ""
    return payload, signature(terms.secrets, terms.timestamp, payload.octets)
