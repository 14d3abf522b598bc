"""A folder as POP3 serves it: one reader at a time, over a list that stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from collections.abc import Collection

    from bitrixmail.model.message import FolderIndex


class IMaildrop(Interface):
    """One folder as it stood at login, held exclusively until logout (RFC 1939 §4).

    The portal gives it as an avatar. It raises MaildropLockedError while another session holds
    the folder and NotFoundError if there is no such folder, both only for the right password.
    Messages are named by their index in `folder.uids`.
    """

    account: str = Attribute("the mailbox's address")
    retention_days: int = Attribute("after how many days messages are removed; 0: never")
    folder: FolderIndex = Attribute("the folder as it stood at login")

    async def read(index: int, offset: int, length: int) -> bytes:
        """Read octets of a message, prefixes included; short only at its end.

        Raise NotFoundError if somebody else removed it, StoreUnavailableError for now.
        """

    async def commit(deleted: Collection[int]) -> None:
        """Remove these messages in one transaction: all of them, or on an error none.

        Durable when it returns; those already gone are passed over. Cancelling has no effect.
        """
