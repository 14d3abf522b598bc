"""Who on this machine may send as whom. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bitrixmail.model.address import Address

ANY = "*"


def may_send(
    uid: int,
    sender: Address | None,
    grants: Mapping[int, Collection[str]],
    own_domains: Collection[str],
    trusted_uids: Collection[int],
) -> bool:
    """Tell whether a user may send as an address; everybody may use the null sender.

    `grants`: for a user, keys of addresses (`Address.key`), whole domains ("@example.org"), or "*".
    A user without a line there may send as any address of `own_domains` (A-labels). Those in
    `trusted_uids` may send as anybody.
    """
    if sender is None or uid in trusted_uids:
        return True
    granted = grants.get(uid)
    if granted is None:
        return sender.domain in own_domains
    return bool({sender.key, f"@{sender.domain}", ANY}.intersection(granted))
