"""Recovery codes: written down on paper, each lets a user in once without his phone."""

from __future__ import annotations

import re
import secrets

from bitrixmail.model.user import digest_of

COUNT = 8
# Nothing that another one is taken for; ten of 32 are 50 bits
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_HALF = 5
_CODE = re.compile(f"[{_LETTERS}]{{{2 * _HALF}}}")


def made() -> tuple[str, ...]:
    """Return new ones, as they are written down: abcde-fghij."""
    return tuple(f"{_some()}-{_some()}" for _number in range(COUNT))


def digest_if_code(typed: str) -> str | None:
    """Return what is kept of a code, however it is typed; None: this is none."""
    letters = re.sub(r"[\s-]", "", typed[:64]).lower()
    return digest_of(letters) if _CODE.fullmatch(letters) else None


def _some() -> str:
    return "".join(secrets.choice(_LETTERS) for _number in range(_HALF))
