"""What a fake DNS knows: lines as a zone file has them, full names with a dot at their end."""

# dnspython leaves some methods without types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Iterable

import dns.name
import dns.rrset
from dns.rdatatype import AAAA, CNAME, A, RdataType

_ADDRESSES = (A, AAAA)


class Zone:
    """Sets of records by name and kind. Made by a test."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self._sets: dict[tuple[dns.name.Name, RdataType], dns.rrset.RRset] = {}
        for line in lines:
            self.add(line)

    def add(self, line: str) -> None:
        """Add one record, like "example.org. 3600 IN MX 10 mx.example.org."."""
        found = _read(line)
        known = self._sets.setdefault((found.name, found.rdtype), found)
        known.update(found)

    def put(self, *lines: str) -> None:
        """Write lines in the place of what had their names and kinds, as an owner would.

        Addresses take the place of those of both kinds, whatever it is that of an alias, and an
        alias that of all.
        """
        for line in lines:
            found = _read(line)
            alike = _ADDRESSES if found.rdtype in _ADDRESSES else (found.rdtype,)
            stale = tuple(RdataType) if found.rdtype == CNAME else (CNAME, *alike)
            for kind in stale:
                self._sets.pop((found.name, kind), None)
        for line in lines:
            self.add(line)

    def remove(self, name: str, kind: str) -> None:
        del self._sets[dns.name.from_text(name), RdataType[kind]]

    def records(self, name: dns.name.Name, kind: RdataType) -> dns.rrset.RRset | None:
        return self._sets.get((name, kind))

    def has(self, name: dns.name.Name) -> bool:
        """Tell whether the name exists, if only because a name below it does."""
        return any(known.is_subdomain(name) for known, _ in self._sets)


def _read(line: str) -> dns.rrset.RRset:
    name, ttl, kind_of_net, kind, data = line.split(maxsplit=4)
    return dns.rrset.from_text(name, int(ttl), kind_of_net, kind, data)
