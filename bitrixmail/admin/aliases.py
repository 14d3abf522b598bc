"""Aliases that lead in a circle, found before they are stored. Pure.

Keys are compared as they are: who calls has replaced a domain that only stands for another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bitrixmail.model.errors import Fault


def alias_loops(aliases: Mapping[str, Sequence[str]], changed: Iterable[str]) -> list[Fault]:
    """Return a fault for each of the `changed` aliases from which a way leads back to itself."""
    faults = []
    for address in changed:
        way = _way_back(aliases, address)
        if way:
            shown = " → ".join((address, *way))
            remedy = "take one of them out of the circle"
            faults.append(Fault(f"alias {address}", f"leads back to itself: {shown}", remedy))
    return faults


def targets_first(aliases: Mapping[str, Sequence[str]], changed: Iterable[str]) -> list[str]:
    """Return the `changed` aliases so that each stands behind those it leads to.

    Stored in this order they never make a circle half-way, if there is none in the end.
    """
    wanted = set(changed)
    found: dict[str, None] = {}
    seen: set[str] = set()
    waiting = [(address, False) for address in sorted(wanted, reverse=True)]
    while waiting:
        here, left = waiting.pop()
        if left:
            found[here] = None
        elif here not in seen:
            seen.add(here)
            waiting.append((here, True))
            targets = (_alias_of(aliases, target) for target in aliases.get(here, ()))
            waiting += [(target, False) for target in targets]
    return [address for address in found if address in wanted]


def _way_back(aliases: Mapping[str, Sequence[str]], start: str) -> tuple[str, ...]:
    """Return the steps by which `start` leads to itself; none if it does not."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        for target in aliases.get(_alias_of(aliases, here), ()):
            if _alias_of(aliases, target) == start:
                way = [target]
                while here != start:
                    way.append(here)
                    here = came_from[here]
                return tuple(reversed(way))
            if target not in came_from:
                came_from[target] = here
                waiting.append(target)
    return ()


def _alias_of(aliases: Mapping[str, Sequence[str]], key: str) -> str:
    """Return the alias that answers for a key: itself, or without its detail (RFC 5233 §1)."""
    if key in aliases:
        return key
    local_part, _, domain = key.rpartition("@")
    return f"{local_part.partition('+')[0]}@{domain}"
