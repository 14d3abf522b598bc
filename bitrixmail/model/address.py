"""One mail address as an envelope names it (RFC 5321 §4.1.2, RFC 6531 §3.3)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_DOT_STRING = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+)*"
)

_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """A local-part and a domain, both free of quoting.

    `domain` is lower-case A-labels (`xn--…`), or an address literal with its brackets
    (`[192.0.2.1]`), or empty for the one address without a domain, `<postmaster>`
    (RFC 5321 §4.5.1). `local_part` keeps the case in which it was written.
    """

    local_part: str
    domain: str

    @classmethod
    def of(cls, text: str) -> Address:
        """Read what `__str__` wrote; the domain is taken as it stands."""
        local, at, domain = text.rpartition("@")
        if not at:
            local, domain = text, ""
        if len(local) > 1 and local[0] == local[-1] == '"':
            local = _QUOTED_PAIR.sub(r"\1", local[1:-1])
        return cls(local, domain)

    def __str__(self) -> str:
        """Write the address as an RFC 5321 Mailbox, quoting the local-part if it must be."""
        local = self.local_part
        if not _DOT_STRING.fullmatch(local):
            local = '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return f"{local}@{self.domain}" if self.domain else local

    @property
    def key(self) -> str:
        """The form under which the directory finds it: local-part folded, NFC."""
        return f"{fold_local_part(self.local_part)}@{self.domain}"

    @property
    def detail(self) -> str:
        """What stands behind the first `+` of the local-part (RFC 5233 §1); empty if nothing."""
        return self.local_part.partition("+")[2]

    @property
    def base(self) -> Address:
        """The same address without its detail; this very object if it has none."""
        head, plus, _ = self.local_part.partition("+")
        return Address(head, self.domain) if head and plus else self


def fold_local_part(local_part: str) -> str:
    """Fold a local-part for comparison: NFC and Unicode case folding.

    RFC 5321 §2.4 lets only the receiving host interpret it; this host ignores case.
    """
    if local_part.isascii():
        return local_part.lower()
    return unicodedata.normalize("NFC", local_part).casefold()
