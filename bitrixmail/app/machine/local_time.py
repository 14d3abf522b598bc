"""The time zone in which this host lives."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import available_timezones

_LOCALTIME = Path("/etc/localtime")
_TIMEZONE = Path("/etc/timezone")


def system_timezone() -> str:
    """Return the name of the host's time zone, "UTC" if nothing tells it."""
    names = available_timezones()
    for name in (_named_by_environment(), _linked(), _written()):
        if name in names:
            return name
    return "UTC"


def _named_by_environment() -> str:
    return os.environ.get("TZ", "").removeprefix(":")


def _linked() -> str:
    return str(_LOCALTIME.resolve()).partition("/zoneinfo/")[2]


def _written() -> str:
    try:
        return _TIMEZONE.read_text("ascii", "replace").strip()
    except OSError:
        return ""
