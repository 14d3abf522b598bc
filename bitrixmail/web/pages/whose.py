"""Names of mailboxes and domains that fields of the pages offer."""

from __future__ import annotations

from bitrixmail.admin.office import Office

MOST = 1000


async def mailbox_names(office: Office) -> list[str]:
    """Name the first mailboxes: a field takes others too."""
    return [each.address for each in (await office.accounts.mailboxes(None))[:MOST]]


async def domain_names(office: Office) -> list[str]:
    """Name the first domains."""
    return [each.name for each in (await office.accounts.domains())[:MOST]]


async def names_of_whom(office: Office) -> list[str]:
    """Name the first domains and mailboxes."""
    return [*await domain_names(office), *await mailbox_names(office)]
