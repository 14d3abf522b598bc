"""What rules know of a message: its fields by name, decoded once and only when asked."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from zope.interface import implementer

from bitrixmail.interfaces.rules import IFacts, IValues
from bitrixmail.mime.addresses import parse_addresses
from bitrixmail.mime.domains import to_ascii, to_unicode
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.text import printable

# Fields of addresses, and the header fields each is read from (`sender` and `recipient` as the
# old mail module had them; `recipient` and the two of the envelope have more to them).
ADDRESS_FIELDS: dict[str, tuple[str, ...]] = {
    "sender": ("from", "reply-to"),
    "recipient": ("to", "cc"),
    "from": ("from",),
    "reply_to": ("reply-to",),
    "to": ("to",),
    "cc": ("cc",),
    "envelope_sender": (),
    "envelope_recipient": (),
}
# These differ between the mailboxes of one message.
_OF_MAILBOX = frozenset({"recipient", "envelope_recipient"})
NUMBER_FIELDS = ("size",)
FIELDS = (*ADDRESS_FIELDS, "subject", "size")
_HEADER = re.compile(r"header:([!-9;-~]{1,100})", re.IGNORECASE)
_SHOWN = 80
# Regular expressions may cost a message this much in all, however many mailboxes it has.
_PATIENCE_S = 1.0


@lru_cache(maxsize=4096)  # the fields that rules name, again for each message
def header_name(field: str) -> str | None:
    """Return the name, lower-case, if `field` is `header:Name`; else None."""
    found = _HEADER.fullmatch(field)
    return found[1].lower() if found else None


def fold(text: str) -> str:
    """Fold text so that letters compare equal whatever their case: NFC and Unicode folding."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def compose(text: str) -> str:
    """Return the text with its letters composed (NFC), case kept."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


@implementer(IValues)
class Values:
    """The texts of one field, in the forms that tests ask for. Made by Facts, lives as long.

    `texts` are the ones compared, `whole` the ones shown to people. `behind` are values whose
    texts follow and whose forms are not made again.
    """

    __slots__ = ("_behind", "_forms", "_own", "_shown", "texts", "whole")

    def __init__(
        self,
        texts: tuple[str, ...],
        whole: tuple[str, ...] | None = None,
        behind: Values | None = None,
    ) -> None:
        self._own = texts
        self._behind = behind
        self.texts: tuple[str, ...] = texts if behind is None else texts + behind.texts
        self.whole = texts if whole is None else whole
        self._forms: dict[bool, tuple[str, ...]] = {}
        self._shown: str | None = None

    @property
    def shown(self) -> str:
        """The field on one line for the trace, printable and cut."""
        if self._shown is None:
            self._shown = printable(" | ".join(self.whole[:_SHOWN]), _SHOWN)
        return self._shown

    def forms(self, exact: bool) -> tuple[str, ...]:
        """Return the texts ready to be compared, one for each of `texts`."""
        forms = self._forms.get(exact)
        if forms is None:
            forms = tuple(map(compose if exact else fold, self._own))
            if self._behind is not None:
                forms += self._behind.forms(exact)
            self._forms[exact] = forms
        return forms

    def show(self, index: int) -> str:
        """Return one of the texts for the trace, printable and cut."""
        return printable(self.texts[index], _SHOWN)


class _Message:
    """What the facts of all mailboxes share. Made by the first Facts, lives as long as they."""

    __slots__ = ("patience_s", "values")

    def __init__(self) -> None:
        self.patience_s = _PATIENCE_S
        self.values: dict[str, Values] = {}


_NOTHING = Values(())


@implementer(IFacts)
class Facts:
    """See IFacts. Made once per message by who judges it, then for each mailbox by `for_mailbox`.

    `sender` is the reverse-path as text, empty for the null sender; `recipients` the forward-path
    that led here, then the mailbox.
    """

    __slots__ = ("_message", "_own", "headers", "recipients", "sender", "size_octets")

    def __init__(
        self,
        headers: HeaderSection,
        sender: str,
        size_octets: int,
        *,
        recipients: tuple[str, ...] = (),
        message: _Message | None = None,
    ) -> None:
        self.headers = headers
        self.sender = sender
        self.size_octets = size_octets
        self.recipients = recipients
        self._message = message or _Message()
        self._own: dict[str, Values] = {}

    def for_mailbox(self, address: str, recipient: str) -> Facts:
        """Return the facts for one mailbox, sharing everything decoded so far and later.

        `address` is the mailbox, `recipient` the forward-path that led to it.
        """
        return Facts(
            self.headers,
            self.sender,
            self.size_octets,
            recipients=(recipient,) if recipient == address else (recipient, address),
            message=self._message,
        )

    @property
    def patience_s(self) -> float:
        """See IFacts."""
        return self._message.patience_s

    def spend(self, seconds: float) -> None:
        """See IFacts."""
        self._message.patience_s -= seconds

    def values(self, field: str) -> Values:
        """See IFacts. A field that is unknown has no texts."""
        kept = self._own if field in _OF_MAILBOX else self._message.values
        found = kept.get(field)
        if found is None:
            found = kept[field] = self._read(field)
        return found

    def _read(self, field: str) -> Values:
        name = "subject" if field == "subject" else header_name(field)
        if name is not None:
            return self._text(name)
        if field == "size":
            return Values((f"{self.size_octets}",))
        if field == "envelope_sender":
            return Values(_spellings(self.sender))
        if field == "envelope_recipient":
            return Values(self._reached(), self.recipients)
        if field == "recipient":
            # To and Cc may be long: they are read once for all mailboxes.
            both = self._shared_addresses("to+cc", ADDRESS_FIELDS[field])
            return Values(self._reached(), (*self.recipients[:1], *both.whole), behind=both)
        names = ADDRESS_FIELDS.get(field)
        return self._addresses(names) if names else _NOTHING

    def _reached(self) -> tuple[str, ...]:
        """Return the addresses by which the message came here, in all spellings."""
        return tuple(each for address in self.recipients for each in _spellings(address))

    def _shared_addresses(self, key: str, names: tuple[str, ...]) -> Values:
        found = self._message.values.get(key)
        if found is None:
            found = self._message.values[key] = self._addresses(names)
        return found

    def _text(self, name: str) -> Values:
        texts = self.headers.texts(name)
        return Values(texts) if texts else _NOTHING

    def _addresses(self, names: tuple[str, ...]) -> Values:
        """Gather each address bare, each with its name, and each field as a whole."""
        texts: dict[str, None] = {}
        whole: list[str] = []
        for name in names:
            for raw in self.headers.all(name):
                whole.append(self.headers.decode(raw))
                for found in parse_addresses(raw, self.headers.decode):
                    texts.update(dict.fromkeys(_spellings(found.address)))
                    if found.name:
                        texts[str(found)] = None
        texts.update(dict.fromkeys(whole))
        return Values(tuple(texts), tuple(whole))


def _spellings(address: str) -> tuple[str, ...]:
    """Return an address as it was written and, if its domain has another alphabet, that way too."""
    if not address:
        return ()
    if address.isascii() and "xn--" not in address.lower():
        return (address,)
    local_part, at, domain = address.rpartition("@")
    try:
        other = to_unicode(domain) if domain.isascii() else to_ascii(domain)
    except ValueError:
        return (address,)
    return (address, f"{local_part}{at}{other}")
