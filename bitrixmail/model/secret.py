"""A text that nobody is shown."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret out of the settings: its value is in no log and no traceback."""

    value: str = field(repr=False)

    @property
    def octets(self) -> bytes:
        """The secret as a key."""
        return self.value.encode("utf-8")
