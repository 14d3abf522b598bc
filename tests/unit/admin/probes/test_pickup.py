"""The pickup directory as the doctor sees it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bitrixmail.admin.findings.russian import in_russian
from bitrixmail.admin.probes.pickup import PickupProbe
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.pickup.folder import PickupFolder


class House:
    """A directory with a drop-in before it. Made by a test."""

    def __init__(self, home: Path) -> None:
        self.program = home / "sendmail"
        self.program.write_text("# bitrixmail sendmail install\n")
        self.path = home / "mail" / "pickup"
        PickupFolder(self.path).prepare()
        self.later = timedelta()

    def found(self) -> tuple[Finding, ...]:
        def now() -> datetime:
            return datetime.now(UTC) + self.later

        return PickupProbe(self.path, now, (self.program,)).look()

    def one(self) -> Finding:
        (finding,) = self.found()
        assert (finding.probe, finding.subject) == ("pickup", str(self.path))
        for text in (finding.what, finding.why, *finding.remedies[:1]):
            assert not text or in_russian(text) != text, text
        return finding


@pytest.fixture
def house(open_home: Path) -> House:
    return House(open_home)


def test_it_is_well(house: House) -> None:
    assert house.one().severity is Severity.OK
    (house.path / "m.1.1.1").write_text("x")
    assert house.one().severity is Severity.OK
    house.path.rename(house.path.with_name("away"))
    assert "is not there yet" in house.one().what


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try it for somebody else")
def test_users_cannot_come_to_it(house: House) -> None:
    house.path.chmod(0o700)
    assert house.one().remedies == ("Open it to all:", f"chmod 3733 {house.path}")
    house.path.parent.chmod(0o700)
    finding = house.one()
    assert finding.severity is Severity.WARNING
    assert finding.remedies == ("Open the way:", f"chmod o+x {house.path.parent}")
    house.program.unlink()
    assert house.one().severity is Severity.OK


def test_mail_waits_there(house: House) -> None:
    for name in ("m.1.1.1", "m.1.2.1", "t.1"):
        (house.path / name).write_text("x")
    house.later = timedelta(minutes=11)
    assert house.one().what == "has had 2 messages in it for more than 10 minutes"


def test_mail_was_refused(house: House) -> None:
    for name, reason, at in (
        ("m.1", "old\n", 1000),
        ("m.2", "of user a is refused\nb: 550 x\n", 2000),
    ):
        path = house.path / "refused" / f"{name}.reason"
        path.write_text(reason)
        os.utime(path, (at, at))
    finding = house.one()
    assert finding.severity is Severity.WARNING
    assert "holds 2 messages that nobody would take; the last of user a is refused; b: 550 x" in (
        finding.what
    )
