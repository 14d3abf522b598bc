"""A write of the server's that fails: 451 or 452 while it lasts, nothing lost, soon well again.

Here each site once, by one of its errors; `make faults` tries every error of every site.
"""

from __future__ import annotations

import resource
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.server import until
from tests.faults.campaign import MOST_BACK_S, Campaign, Row
from tests.faults.injection import NotAllowedError, watched
from tests.faults.life import written
from tests.faults.patient import LARGE, SMALL, Patient
from tests.faults.sites import (
    BESIDE,
    ENDING,
    READING,
    RUNNING,
    STARTING,
    By,
    Site,
    StartSite,
    name_of,
)
from tests.faults.starts import run_end, run_start

pytestmark = pytest.mark.debian("strace")
# These need a log of many pages, or another start: one of each is enough here.
_LONG = {By.CHECKPOINT, By.GROWTH, By.END}
_SHORT = [site for site in RUNNING if site.by not in _LONG]
_SAMPLE = ("database", "fdatasync", By.CHECKPOINT)


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    patient = Patient(tmp_path_factory.mktemp("faults") / "home")
    patient.start()
    try:
        try:
            with watched(patient.server.home / "try", [patient.server.pid], ["fsync"]):
                pass
        except NotAllowedError as said:
            pytest.skip(f"strace may not watch a process here: {said}")
        yield patient
    finally:
        patient.server.kill()


def sampled() -> list[Site]:
    long = [site for site in RUNNING if (site.file, site.call, site.by) == _SAMPLE]
    return _SHORT + long


@pytest.mark.parametrize("site", sampled(), ids=lambda site: f"{site.name}, {site.by.value}")
def test_a_fault_refuses_for_now_and_passes(patient: Patient, site: Site) -> None:
    row = Campaign(patient).run(site, site.errors[-1])
    assert not row.faults, row
    assert row.back_s < MOST_BACK_S


def test_nothing_acknowledged_was_lost_and_nothing_went_wrong_beside(patient: Patient) -> None:
    """Behind all faults of this module, and once more behind a kill amid them."""
    assert patient.verdict() == []
    with watched(
        patient.server.home / "trace",
        [patient.server.pid],
        ["fdatasync"],
        [patient.data_dir / "bitrixmail.sqlite-wal"],
        [Campaign.failing_sync()],
    ):
        assert patient.send(SMALL) == 451
        patient.restart(kill=True)
    assert patient.send(SMALL) == 250
    assert patient.verdict() == []
    assert patient.tracebacks() == []


def test_an_end_whose_last_writes_fail_loses_nothing(patient: Patient) -> None:
    assert run_end(ENDING[1], "EIO", patient).faults == []
    assert patient.verdict() == []


def test_out_of_descriptors_new_connections_wait_and_large_messages_are_451(
    patient: Patient,
) -> None:
    pid = patient.server.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    with patient.client() as open_before:
        most = max(int(fd.name) for fd in Path(f"/proc/{pid}/fd").iterdir()) + 1
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, before[1]))
        try:
            until(lambda: patient.send(SMALL, timeout_s=0.5) == 0, "descriptors are left", 10)
            assert patient.send_on(open_before, LARGE) == 451
            assert patient.send_on(open_before, SMALL) in {250, 451}
            used = patient.cpu_s()
            with pytest.raises((OSError, smtplib.SMTPServerDisconnected)):
                patient.client(timeout_s=1.0)
            assert patient.cpu_s() - used < 0.4
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    assert patient.back_s(LARGE) < MOST_BACK_S
    assert "no descriptors left (EMFILE): new connections wait; allow more" in (
        patient.server.log.read_text()
    )
    assert patient.verdict() == []


@pytest.mark.parametrize(
    "site",
    [site for site in STARTING if (site.file, site.call) == ("var/blobs", "mkdir")],
    ids=lambda site: site.name,
)
def test_a_start_that_cannot_write_says_so(tmp_path: Path, site: StartSite) -> None:
    row: Row = run_start(site, site.errors[-1], tmp_path / "home")
    assert not row.faults, row


def test_the_table_holds_every_write_of_a_servers_life(tmp_path: Path) -> None:
    found = written(tmp_path / "home")
    table = {(site.file, site.call) for site in (*RUNNING, *ENDING)}
    table |= {(name_of(site.file), site.call) for site in STARTING}
    assert sorted(found - table - set(BESIDE)) == []
    gone = {(file, call) for file, call in table - found if call not in READING}
    assert sorted(gone) == [], "in the table, and never written"
