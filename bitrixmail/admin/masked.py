"""Settings as they may be shown to others: of passwords and secrets only that they are there."""

from __future__ import annotations

from typing import Any


def masked(value: Any, hidden: str) -> Any:
    """Return tables with `hidden` in the place of each secret that is set."""
    if isinstance(value, list):
        return [masked(each, hidden) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: hidden if _is_secret(key) and each else masked(each, hidden)
        for key, each in value.items()
    }


def _is_secret(key: str) -> bool:
    return key.endswith("password") or key == "secrets"
