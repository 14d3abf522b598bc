"""Login names: a mailbox's full address, or `local+Folder@domain` for another of its folders."""

from __future__ import annotations

from dataclasses import dataclass

from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.mime.domains import to_ascii
from bitrixmail.model.address import Address
from bitrixmail.model.folder import folder_name
from bitrixmail.model.message import INBOX

_MAX_LETTERS = 600


@dataclass(frozen=True, slots=True)
class Login:
    """Who wants in, by `Address.key`, and which folder is wanted.

    Says nothing about whether either exists; `folder` is empty if it can't be a folder's name.
    """

    account: str
    folder: str = INBOX

    @classmethod
    def of_avatar(cls, avatar_id: bytes) -> Login:
        """Read what `avatar_id` wrote."""
        account, _, folder = avatar_id.decode().partition("\n")
        return cls(account, folder)

    @property
    def avatar_id(self) -> bytes:
        """Both in one, as cred hands it from the checker to the realm."""
        return f"{self.account}\n{self.folder}".encode()


async def identify(directory: IDirectory, name: bytes) -> Login:
    """Find out whom a login name means; a name that means nobody gives a login of nobody.

    A mailbox whose own local-part has a `+` comes before a folder. Raises StoreUnavailableError.
    """
    text = name.decode("utf-8", "backslashreplace")[:_MAX_LETTERS]
    local_part, _, domain = text.rpartition("@")
    try:
        address = Address(local_part, to_ascii(domain))
    except ValueError:
        return Login(text.casefold())
    base = address.base
    if base is address or await directory.mailbox(address.key) is not None:
        return Login(address.key)
    return Login(base.key, _folder(address.detail))


def _folder(detail: str) -> str:
    try:
        return folder_name(detail) if detail else INBOX
    except ValueError:
        return ""
