"""Names that stand in no public DNS, so that nothing is asked about them (RFC 2606, RFC 6761)."""

from __future__ import annotations

_TOPS = frozenset({"example", "internal", "invalid", "local", "localdomain", "localhost", "test"})
_DOMAINS = frozenset({"example.com", "example.net", "example.org"})


def is_reserved(name: str) -> bool:
    """Tell whether a name in A-labels is for examples or private use, or is a bare host name."""
    labels = name.lower().split(".")
    return len(labels) < 2 or labels[-1] in _TOPS or ".".join(labels[-2:]) in _DOMAINS
