"""What the use cases need of passwords; the room `accounts` knows how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bitrixmail.model.directory import Credential


@dataclass(frozen=True, slots=True)
class Passwords:
    """Two functions handed in by who composes: `make` hashes a password, `matches` checks one.

    Both take a tenth of a second on purpose. Made once per process.
    """

    make: Callable[[str], Credential]
    matches: Callable[[Credential, str], bool]
