"""What jobs remember of the envelope they came with: their payload, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.queue import SentTo

_NO_SENDER_PARAMETERS = SenderParameters()
_NO_RECIPIENT_PARAMETERS = RecipientParameters()


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """Parameters of MAIL and RCPT that go on to the next host, or into a DSN (RFC 3461, 6710)."""

    sender: SenderParameters = _NO_SENDER_PARAMETERS
    recipient: RecipientParameters = _NO_RECIPIENT_PARAMETERS

    def to_json(self) -> str:
        """Write what differs from the usual."""
        found: dict[str, Any] = {}
        if self.sender.body != "7BIT":
            found["body"] = self.sender.body
        if self.sender.smtputf8:
            found["smtputf8"] = True
        if self.sender.ret is not None:
            found["ret"] = self.sender.ret
        if self.sender.envid is not None:
            found["envid"] = self.sender.envid
        if self.sender.mt_priority is not None:
            found["mt_priority"] = self.sender.mt_priority
        if self.recipient.notify is not None:
            found["notify"] = sorted(self.recipient.notify)
        if self.recipient.orcpt is not None:
            found["orcpt"] = self.recipient.orcpt
        return json.dumps(found) if found else "{}"

    @classmethod
    def from_json(cls, text: str) -> RemoteOptions:
        """Read what `to_json` wrote."""
        if text == "{}":
            return _USUAL
        found = json.loads(text)
        notify = found.get("notify")
        return cls(
            SenderParameters(
                body=found.get("body", "7BIT"),
                smtputf8=found.get("smtputf8", False),
                ret=found.get("ret"),
                envid=found.get("envid"),
                mt_priority=found.get("mt_priority"),
            ),
            RecipientParameters(None if notify is None else frozenset(notify), found.get("orcpt")),
        )


_USUAL = RemoteOptions()


@dataclass(frozen=True, slots=True)
class ReturnedOptions:
    """What a bounce tells of, if the address it came to says so."""

    sent: SentTo | None = None

    def to_json(self) -> str:
        """Write it."""
        return "{}" if self.sent is None else json.dumps(asdict(self.sent))

    @classmethod
    def from_json(cls, text: str) -> ReturnedOptions:
        """Read what `to_json` wrote."""
        return cls() if text == "{}" else cls(SentTo(**json.loads(text)))
