"""A pickup directory, and the door before a recording gate."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from bitrixmail.pickup.bringing import Allowance, PickupRules
from bitrixmail.pickup.door import PickupDoor
from bitrixmail.pickup.folder import PickupFolder, user_name
from bitrixmail.pickup.letter import Terms
from bitrixmail.tasks import InlineThreads
from tests.fakes.gate import Received, RecordingGate, RecordingMailLog

ME = user_name(os.geteuid())
TERMS = Terms("mx.example.org", "mx.example.org", 100_000)
MESSAGE = b"bitrixmail-pickup 1\nrecipient b@example.net\n\nSubject: x\n\nHi\n"


@dataclass
class House:
    """The door, not yet begun. Made by a test."""

    path: Path
    rules: PickupRules = field(default_factory=lambda: PickupRules(TERMS, trusted_uids=frozenset()))
    gate: RecordingGate = field(default_factory=RecordingGate)
    maillog: RecordingMailLog = field(default_factory=RecordingMailLog)
    clock: Clock = field(default_factory=Clock)
    allowance: Allowance | None = None

    def __post_init__(self) -> None:
        self.clock.advance(time.time())
        self.folder = PickupFolder(self.path)

        async def is_own(domain: str) -> bool:
            return domain == "example.org"

        self.door = PickupDoor(
            folder=self.folder,
            gate=self.gate,
            is_own=is_own,
            threads=InlineThreads(),
            maillog=self.maillog,
            clock=self.clock,
            rules=self.rules,
            allowance=self.allowance,
        )
        self.door.startService()

    def put(self, octets: bytes = MESSAGE, name: str = "m.1795873347.1.1") -> Path:
        path = self.path / name
        path.write_bytes(octets)
        return path

    def look(self) -> None:
        self.door.wake()

    @property
    def brought(self) -> list[Received]:
        """Return the messages that were left here."""
        return [each for each in self.gate.messages if each.client.door == "pickup"]

    @property
    def notices(self) -> list[Received]:
        """Return what was written about those that were refused."""
        return [each for each in self.gate.messages if each.client.door == "local"]

    def left(self) -> list[str]:
        """Return what still lies there."""
        return sorted({path.name for path in self.path.iterdir()} - {"bad", "refused"})

    def reasons(self, place: str) -> list[str]:
        return [path.read_text() for path in sorted((self.path / place).glob("*.reason"))]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "pickup")
    yield made
    made.door.stopService()
