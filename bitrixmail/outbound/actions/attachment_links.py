"""Links to the files of a message, for who is called with `attachments = "url"`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bitrixmail.model.attachment_link import AttachmentLink, signed_path


@dataclass(frozen=True, slots=True)
class AttachmentLinks:
    """What the settings say of them. Made by compose, replaced at a reload.

    `base` is the URL below which they are served, with a slash at its end; empty: nowhere. `key`
    raises MailError if the secret can't be had.
    """

    base: str
    lifetime_s: float
    key: Callable[[], Awaitable[bytes]]

    async def of(self, queue_id: str, now_s: float) -> Callable[[int], str]:
        """Return what makes the URL of a file of a message by its number, from 1."""
        key = await self.key()
        expires = int(now_s + self.lifetime_s)

        def url(part: int) -> str:
            return self.base + signed_path(key, AttachmentLink(queue_id, part, expires))

        return url
