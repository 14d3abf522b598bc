"""The courier that hands messages over to a Bitrix24 portal, by the REST of an incoming webhook.

Its address is a secret: `https://portal.example/rest/<user>/<code>/`, named in the settings. A
portal knows no idempotency key, so each piece of what is made says whose message it is
(`ORIGIN_ID`, or a mark in the text), and a further attempt looks for that first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.mime.urls import read_url
from bitrixmail.model.job import Job, Kind, Result, Trouble
from bitrixmail.model.work import Order
from bitrixmail.outbound.actions.bitrix24_entities import MAKERS, Wish
from bitrixmail.outbound.actions.bitrix24_rest import Portal, RestError
from bitrixmail.outbound.actions.calling import (
    TIMEOUT_S,
    Answer,
    CallingCourier,
    missing_secret,
)
from bitrixmail.outbound.actions.letter import read_letter
from bitrixmail.rules.outside_hook import seconds_of
from bitrixmail.tasks import utcnow

_ADVICE = "make an incoming webhook on the portal, and write its whole address there"
# What a portal says as long as nobody changes something there, and what that would be
_FINAL = {
    "INVALID_CREDENTIALS": "the code of the webhook is wrong, or its user has left: make a new one"
    " on the portal and put its address into the settings",
    "NO_AUTH_FOUND": "the code of the webhook is wrong: put its address into the settings anew",
    "APPLICATION_NOT_FOUND": "the webhook was deleted on the portal: make a new one",
    "insufficient_scope": "the webhook may not do this: give it the rights to CRM, tasks or chats",
    "INSUFFICIENT_SCOPE": "the webhook may not do this: give it the rights to CRM, tasks or chats",
    "ACCESS_DENIED": "the webhook's user may not do this, or the portal's plan has no REST",
    "user_access_error": "the webhook's user may not use it: make it anew",
    "ERROR_METHOD_NOT_FOUND": "the portal does not know this method: is it an old one in a box?",
    "PORTAL_DELETED": "there is no such portal any more",
}
_FIELDS = "the portal does not take one of the rule's `fields`: see what it says of it"
_BUSY = frozenset({"QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT", "OVERLOAD_LIMIT"})
_LIMIT_WAIT = timedelta(seconds=2)
# Operations are counted over ten minutes
_OPERATION_WAIT = timedelta(minutes=10)


@implementer(ICourier, ILine)
class Bitrix24Courier(CallingCourier):
    """See the module. Made by compose, lives as long as the server."""

    kind = Kind.BITRIX24

    async def _carried_out(self, job: Job, order: Order) -> Answer:
        """See CallingCourier."""
        settings: Mapping[str, Any] = order.settings or {}
        secrets = self.terms.secrets.get(order.argument)
        if not secrets:
            return missing_secret(order.argument)
        try:
            url = read_url(secrets[0].value.rstrip("/") + "/").url
        except ValueError as error:
            what = f"the secret {order.argument}, which is to be an address of a webhook, {error}"
            return Answer(Result.DEFERRED, f"{what}: {_ADVICE}")
        timeout_s = seconds_of(settings["timeout"]) if "timeout" in settings else TIMEOUT_S
        portal = Portal(self._caller, url, timeout_s, utcnow(self._clock))
        entity = settings.get("entity", "lead")
        if entity == "chat" and not settings.get("dialog"):
            return Answer(Result.FAILED, 'the rule does not name a chat: dialog = "chat42"')
        letter = await read_letter(self._jobs, self._threads, job, order, self.terms.most_octets)
        try:
            made = await MAKERS[entity](portal, Wish(letter, settings))
        except RestError as error:
            return judged(error, portal)
        return Answer(Result.DELIVERED, made, portal.host, portal.address)


def judged(error: RestError, portal: Portal) -> Answer:
    """Return what becomes of a job that the portal did not take."""
    where = portal.host, portal.address
    if error.code in _BUSY or error.status in {429, 503}:
        wait = _OPERATION_WAIT if error.code == "OPERATION_TIME_LIMIT" else _LIMIT_WAIT
        return Answer(Result.DEFERRED, str(error), *where, error.wait or wait, Trouble.BUSY)
    advice = _FINAL.get(error.code, "")
    if not advice and error.status == 400 and error.understood:
        advice = _FIELDS
    if advice:
        return Answer(Result.FAILED, f"{error}; {advice}", *where)
    return Answer(Result.DEFERRED, str(error), *where)
