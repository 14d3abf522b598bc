"""The mail log: one line per transition of a message, in stable words."""

from __future__ import annotations

from zope.interface import Interface


class IMailLog(Interface):
    """Writes lines that operators and fail2ban parse. Values are quoted and cut here."""

    def record(transition: str, **fields: object) -> None:
        """Write one line: the transition (accepted, refused, login, …), then `key=value` pairs.

        Keys: session_id, queue_id, account, peer, sender, recipient, reply, reason, size_octets,
        folder, delay_s, read, deleted, count; in the order given. A field that is None is left out.
        """
