"""What the use cases need of passwords; the room `accounts` knows how."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from bitrixmail.model.directory import Credential
from bitrixmail.model.errors import Fault, InputError

# What people choose on pages and by the API; what a hash was made of before is nobody's business
LEAST_LETTERS = 8


@dataclass(frozen=True, slots=True)
class Passwords:
    """Functions handed in by who composes: `make` hashes a password, `matches` compares one.

    Both take a tenth of a second on purpose. `check` raises ValueError, with a sentence for
    people, for what can't be a password; one of fewer than `least_letters` is refused too. Made
    by who composes.
    """

    check: Callable[[str], object]
    make: Callable[[str], Credential]
    matches: Callable[[Credential, str], bool]
    least_letters: int = LEAST_LETTERS

    def faults(self, password: str, where: str) -> tuple[Fault, ...]:
        """Tell why a text can't be a password; `where` it was typed."""
        try:
            self.check(password)
        except ValueError as error:
            return (Fault(where, str(error), "choose another"),)
        if len(password) < self.least_letters:
            what = f"is shorter than {self.least_letters} characters"
            return (Fault(where, what, "choose a longer one"),)
        return ()

    def credential(self, password: str) -> Credential:
        """Hash a typed password. Raises InputError."""
        faults = self.faults(password, "password")
        if faults:
            raise InputError(*faults)
        return self.make(password)


def generated() -> str:
    """Make a password that nobody guesses, of letters that pass everywhere."""
    return secrets.token_urlsafe(12)
