"""The message that tells a mailbox what came into its quarantine. Pure; in Russian and English."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bitrixmail.mime.dsn_fields import date, field
from bitrixmail.mime.line_ends import with_crlf
from bitrixmail.model.quarantine import Held
from bitrixmail.model.text import printable

MOST_SHOWN = 200
_COMMAND = "bitrixmail quarantine release"


def compose_digest(
    mailbox: str, held: Sequence[Held], *, message_id: str, now: datetime
) -> tuple[bytes, str, str]:
    """Return the octets of a digest, its subject and its author; `held` is new, newest first."""
    domain = mailbox.rpartition("@")[2]
    author = f"postmaster@{domain}"
    count = len(held)
    subject = f"Карантин: новых писем {count} / In quarantine: {count} new"
    utf8 = not mailbox.isascii()
    fields = (
        field("From", author, utf8=utf8),
        field("To", mailbox, utf8=utf8),
        field("Subject", subject),
        field("Date", date(now)),
        field("Message-ID", message_id),
        field("Auto-Submitted", "auto-generated"),
        field("MIME-Version", "1.0"),
        field("Content-Type", "text/plain; charset=utf-8"),
        field("Content-Transfer-Encoding", "8bit"),
    )
    body = "\n".join(_lines(mailbox, held)).encode("utf-8", "replace")
    octets = b"".join((*fields, b"\r\n", *with_crlf((body,))))
    return octets, subject, author


def _lines(mailbox: str, held: Sequence[Held]) -> list[str]:
    lines = [
        f"Эти письма для {mailbox} задержаны и лежат в карантине.",
        f"Письмо, которое нужно, выпустит команда: {_COMMAND} ID",
        "",
        f"These messages for {mailbox} were kept back and lie in quarantine.",
        f"What is wanted is let go by the command: {_COMMAND} ID",
        "",
    ]
    for each in held[:MOST_SHOWN]:
        came = each.received.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        lines += [
            f"{came}  {printable(each.header_from or each.sender or '<>', 70)}",
            f"    {printable(each.subject, 100)}",
            f"    {_COMMAND} {each.queue_id}",
            "",
        ]
    rest = len(held) - MOST_SHOWN
    if rest > 0:
        lines += [f"… и ещё {rest} / and {rest} more: bitrixmail quarantine list", ""]
    return lines
