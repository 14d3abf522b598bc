"""What the texts of rules may name, read from one message; see rules.outside_mail."""

from __future__ import annotations

from bitrixmail.mime.addresses import parse_addresses
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.job import Job
from bitrixmail.model.text import printable
from bitrixmail.model.work import Order
from bitrixmail.rules.times import date_of

_MAX_VALUE = 200
_MAX_FIELD = 2000


def values_of(headers: HeaderSection, job: Job, order: Order) -> dict[str, str]:
    """Return what a message says, each on one line and cut."""
    found = parse_addresses((headers.first("from") or b"")[:_MAX_FIELD], headers.decode, 1)
    name, address = (found[0].name, found[0].address) if found else ("", "")
    date = date_of(headers.text("date")) or job.created
    values = {
        "from_name": name or address,
        "from_address": address,
        "subject": headers.text("subject"),
        "date": f"{date:%Y-%m-%d %H:%M} UTC",
        "to": order.recipient,
        "mailbox": order.mailbox,
        "folder": order.folder,
        "size": f"{(job.size_octets + 1023) // 1024} KiB",
        "queue_id": job.queue_id,
    }
    return {key: printable(value.strip(), _MAX_VALUE) for key, value in values.items()}
