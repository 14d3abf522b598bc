"""A size as people write it: a number and a unit, in English or Russian. Pure."""

from __future__ import annotations

import re

_PREFIXES = (("k", "к"), ("m", "м"), ("g", "г"), ("t", "т"))
UNITS = {"": 1, "b": 1, "б": 1, "байт": 1}
for _power, (_english, _russian) in enumerate(_PREFIXES, 1):
    UNITS |= {f"{_english}b": 1000**_power, f"{_russian}б": 1000**_power}
    UNITS |= {f"{_english}ib": 1024**_power, f"{_russian}иб": 1024**_power}
# A page in Russian writes a comma, and a blank that does not break; with three digits behind it
# the comma may be that of thousands
_SIZE = re.compile(r"\s*([0-9]{1,18})(?:\.([0-9]{1,6})|,([0-9]{1,2}))?\s*([^\W\d_]*)\s*")


def read_size(text: str) -> int:
    """Return the octets of `10MB`, `1 KiB`, `2,0 ГиБ` or `512`; raises ValueError for no size."""
    found = _SIZE.fullmatch(text)
    unit = UNITS.get(found[4].lower()) if found else None
    if found is None or unit is None:
        raise ValueError(text)
    fraction = found[2] or found[3] or ""
    octets: int = int(found[1]) * unit + int(fraction or "0") * unit // 10 ** len(fraction)
    if not octets and int(found[1] + fraction):  # 0 means no limit: a part of an octet is not that
        raise ValueError(text)
    return octets
