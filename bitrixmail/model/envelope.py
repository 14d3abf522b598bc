"""The envelope: sender, recipients and the parameters that came with them (RFC 5321 §2.3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bitrixmail.model.address import Address
from bitrixmail.model.client import Client


@dataclass(frozen=True, slots=True)
class SenderParameters:
    """The parameters of MAIL.

    SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET and ENVID (RFC 3461 §4.3, §4.4),
    AUTH (RFC 4954 §5), HOLDFOR and HOLDUNTIL (RFC 4865): not to be delivered before. MT-PRIORITY
    (RFC 6710), from -9 to 9.
    """

    size_octets: int | None = None
    body: str = "7BIT"
    smtputf8: bool = False
    ret: str | None = None
    envid: str | None = None
    auth: str | None = None
    hold_for_s: int | None = None
    hold_until: datetime | None = None
    mt_priority: int | None = None


@dataclass(frozen=True, slots=True)
class RecipientParameters:
    """The parameters of RCPT (RFC 3461 §4.1, §4.2). `notify` None: the sender did not say."""

    notify: frozenset[str] | None = None
    orcpt: str | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One accepted forward-path."""

    address: Address
    parameters: RecipientParameters = RecipientParameters()


@dataclass(frozen=True, slots=True)
class Envelope:
    """All that is known of a message before its content. `sender` None is the null sender `<>`."""

    client: Client
    sender: Address | None
    parameters: SenderParameters
    recipients: tuple[Recipient, ...]

    @property
    def reverse_path(self) -> str:
        """The sender as text; empty for the null sender."""
        return "" if self.sender is None else str(self.sender)
