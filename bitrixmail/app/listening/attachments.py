"""The files of messages that webhooks are given links to, married: their key, their door."""

from __future__ import annotations

from typing import Any

from bitrixmail.accounts.secret import KeptSecret
from bitrixmail.app.receiving.reception import Reception
from bitrixmail.app.settings.tree import Settings
from bitrixmail.outbound.actions.attachment_links import AttachmentLinks


def links_of(settings: Settings, secret: KeptSecret) -> AttachmentLinks:
    """Return the links as the settings have them."""
    actions = settings.actions
    return AttachmentLinks(actions.attachment_url, actions.attachment_lifetime, secret.octets)


def door_of(reception: Reception, reactor: Any) -> Any:
    """Return the door where they are fetched. Nothing of it is even imported elsewhere."""
    from bitrixmail.app.listening.http_door import HTTPDoor  # noqa: PLC0415 - as said
    from bitrixmail.model.attachment_link import FOLDER  # noqa: PLC0415 - as said
    from bitrixmail.net.attachment_page import AttachmentPage, Vault  # noqa: PLC0415 - as said

    vault = Vault(
        reception.attachment_key.octets, reception.stores.messages.export, reception.threads
    )
    page = AttachmentPage(vault, reactor)
    return HTTPDoor(reactor, {FOLDER.encode(): page}, "Here are files that somebody was told of.")
