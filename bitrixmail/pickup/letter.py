"""One message of the pickup directory, read as far as its envelope needs. Blocks; any thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from twisted.logger import Logger

from bitrixmail.mime.headers import MAX_SECTION_OCTETS
from bitrixmail.mime.line_ends import with_crlf
from bitrixmail.model.address import Address
from bitrixmail.model.envelope import RecipientParameters
from bitrixmail.model.text import printable
from bitrixmail.pickup.addresses import AddressError, addresses_in, sender_of
from bitrixmail.pickup.completion import Head, HeadError, complete, read_head
from bitrixmail.pickup.folder import Found, PickupFolder, UnfitError, full_name, key_of, user_name
from bitrixmail.pickup.slip import MAX_OCTETS, Slip, SlipError, read_slip

MAX_RECIPIENTS = 10_000
_BLOCK_OCTETS = 64 * 1024
_DAY = timedelta(days=1)
_log = Logger()


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every message of the directory.

    `origin`: the domain of addresses without one, A-labels. `hostname` stands in the Message-IDs.
    `most_octets` of a message, 0: any.
    """

    hostname: str
    origin: str
    most_octets: int = 0


@dataclass(slots=True)
class Letter:
    """A message with its envelope, and its content in CRLF form when that is asked for.

    Made by `read_letter`; whoever asked for it closes it. `given`: whether the caller named the
    sender; if not, `sender` is the author that the message tells, if it does, and `default` what
    else to take. `wrong` are recipients that are no addresses. `eight_bits` may be true of a large
    message that has none. `is_read`: its content is here, so that `content` does not block.
    """

    key: str
    found: Found
    user: str
    slip: Slip
    given: bool
    sender: Address | None
    default: Address
    recipients: dict[Address, RecipientParameters]
    wrong: list[str]
    eight_bits: bool
    is_read: bool
    _head: Head
    _name: str
    _begun: bytes
    _at: datetime
    _terms: Terms
    _body_offset: int

    def content(self, sender: Address | None) -> Iterator[bytes]:
        """Read the message, pieces of some 64 KiB. Raises UnfitError (too large) and OSError."""
        author = sender or self.default
        message_id = f"{self.key}@{self._terms.hostname}"
        yield complete(self._head, author, self._name, self._at, message_id)
        yield from with_crlf(self._body())

    def _body(self) -> Iterator[bytes]:
        yield self._begun
        if self.is_read:
            return
        offset = self._body_offset + len(self._begun)
        most = self._terms.most_octets
        left = 0 if not most else max(1, most + self._body_offset - offset)
        yield from self.found.blocks(offset, _BLOCK_OCTETS, left)

    def close(self) -> None:
        """Close the file."""
        self.found.close()


def read_letter(folder: PickupFolder, name: str, terms: Terms, now: datetime) -> Letter:
    """Open and read a message. Raises UnfitError, and OSError if it can't be read now."""
    found = folder.open(name)
    try:
        return _read(found, key_of(name) or name, terms, now)
    except (SlipError, HeadError, UnfitError) as error:
        found.close()
        raise UnfitError(str(error), found.uid) from error
    except BaseException:
        found.close()
        raise


def _read(found: Found, key: str, terms: Terms, now: datetime) -> Letter:
    most = 0 if not terms.most_octets else terms.most_octets + MAX_OCTETS
    blocks = found.blocks(0, _BLOCK_OCTETS, most)
    octets = bytearray()
    read = None
    ended = False
    while read is None and not ended:
        ended = not _more(octets, blocks)
        read = read_slip(bytes(octets))
    if read is None:
        raise UnfitError("ends before its message begins")
    slip, start = read
    while not ended and len(octets) <= start + MAX_SECTION_OCTETS:
        ended = not _more(octets, blocks)
    begun = bytes(octets[start:])
    if slip.whole is not None and (len(begun), sum(begun) & 0xFFFFFFFF) != slip.whole:
        raise UnfitError(
            "is not all of the message, or not as it was written: the machine failed meanwhile, and"
            " the program was not told that it is kept"
        )
    if 0 < terms.most_octets < len(begun):
        raise UnfitError(f"has more than {terms.most_octets} octets")
    head = read_head(begun)
    user = user_name(found.uid)
    default = Address(user, terms.origin)
    sender, given = _sender(slip, head, terms.origin, user)
    recipients, wrong = _recipients(slip, head, terms.origin)
    if not recipients and not wrong:
        raise UnfitError("names no recipient")
    if len(recipients) > MAX_RECIPIENTS:
        raise UnfitError(f"has more than {MAX_RECIPIENTS} recipients")
    return Letter(
        key=key,
        found=found,
        user=user,
        slip=slip,
        given=given,
        sender=sender,
        default=default,
        recipients=recipients,
        wrong=wrong,
        eight_bits=slip.body == "8BITMIME" or not ended or not begun.isascii(),
        is_read=ended,
        _head=head,
        _name=slip.name or full_name(found.uid),
        _begun=begun[head.end :],
        _at=_moment(found.at, now),
        _terms=terms,
        _body_offset=start + head.end,
    )


def _more(octets: bytearray, blocks: Iterator[bytes]) -> bool:
    block = next(blocks, b"")
    octets += block
    return bool(block)


def _sender(slip: Slip, head: Head, origin: str, user: str) -> tuple[Address | None, bool]:
    """Return the sender that was given, or the author; and whether it was given.

    What is no address does not count as given: the program has long been told that all is well.
    """
    if slip.sender is not None:
        try:
            return sender_of(slip.sender, origin), True
        except AddressError as error:
            _log.warn(
                "pickup: user {account} gave a sender that is none, so it counts as not given:"
                " {reason}",
                account=user,
                reason=str(error),
            )
    named = head.values(b"sender") or head.values(b"from")
    authors = [each for value in named[:1] for each in addresses_in(value, origin, 2)]
    if len(authors) == 1 and isinstance(authors[0], Address):
        return authors[0], False
    return None, False


def _recipients(
    slip: Slip, head: Head, origin: str
) -> tuple[dict[Address, RecipientParameters], list[str]]:
    """Gather all of them, each once."""
    recipients: dict[Address, RecipientParameters] = {}
    wrong: list[str] = []
    asked = list(slip.recipients)
    if slip.fields:
        asked += [(value, slip.parameters) for value in head.recipients()]
    for number, (value, parameters) in enumerate(asked):
        found = [*addresses_in(value, origin, MAX_RECIPIENTS + 1)]
        if not found and number < len(slip.recipients):
            # Of a field it is usual: "To: undisclosed-recipients:;"
            wrong.append(printable(value.decode("utf-8", "replace"), 120))
        for address in found:
            if isinstance(address, AddressError):
                wrong.append(address.given)
            else:
                recipients.setdefault(address, parameters)
        if len(recipients) + len(wrong) > MAX_RECIPIENTS:
            raise UnfitError(f"has more than {MAX_RECIPIENTS} recipients")
    return recipients, wrong


def _moment(at: float, now: datetime) -> datetime:
    """Return when a message was handed over; a clock that was set wrong is not believed."""
    came = datetime.fromtimestamp(at, UTC).replace(microsecond=0)
    return came if now - 365 * _DAY < came < now + _DAY else now.replace(microsecond=0)
