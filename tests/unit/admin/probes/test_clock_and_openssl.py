"""The clock, the OpenSSLs and the limit of open files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bitrixmail.admin.probes.clock import ClockProbe, Kernel, kernels_word
from bitrixmail.admin.probes.descriptors import DescriptorsProbe
from bitrixmail.admin.probes.openssl import Library, OpenSSLProbe, libraries
from bitrixmail.model.finding import Severity

INSTALLED = datetime(2026, 5, 4, tzinfo=UTC)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "kernel", "severity", "told"),
    [
        (NOW, Kernel(synchronised=True), Severity.OK, "is kept right over the net"),
        (NOW, Kernel(synchronised=False), Severity.WARNING, "nothing keeps it right"),
        (NOW, None, Severity.OK, "is not told here"),
        (datetime(1970, 1, 2, tzinfo=UTC), None, Severity.FAILURE, "shows 1970-01-02"),
        (datetime(2105, 1, 1, tzinfo=UTC), None, Severity.FAILURE, "which can't be"),
    ],
)
def test_the_clock(now: datetime, kernel: Kernel | None, severity: Severity, told: str) -> None:
    (finding,) = ClockProbe(lambda: now, INSTALLED, lambda: kernel).look()
    assert finding.severity is severity
    assert told in finding.what
    assert bool(finding.remedies) is (severity is not Severity.OK)


def test_the_kernel_is_asked_as_it_is_built() -> None:
    word = kernels_word()
    assert word is None or 0 <= word.most_wrong_s < 10_000


def listed(*found: Library) -> Iterator[Library]:
    yield from found


@pytest.mark.parametrize(
    ("version", "of_distribution", "severity"),
    [
        ("OpenSSL 1.1.1w  11 Sep 2023", False, Severity.WARNING),
        ("OpenSSL 3.1.0 14 Mar 2023", False, Severity.WARNING),
        ("OpenSSL 3.1.0 14 Mar 2023", True, Severity.OK),  # Debian 12 mends it until 2028
        ("OpenSSL 3.5.1 1 Jul 2025", False, Severity.OK),
        ("OpenSSL 9.0.0 1 Jan 2030", False, Severity.OK),
        ("LibreSSL 4.0.0", False, Severity.WARNING),
    ],
)
def test_an_openssl(
    tmp_path: Path, version: str, of_distribution: bool, severity: Severity
) -> None:
    release = tmp_path / "os-release"
    release.write_text('ID=debian\nVERSION_ID="12"\n')
    library = Library("doors", version, of_distribution)
    (finding,) = OpenSSLProbe(lambda: NOW, lambda: listed(library), release).look()
    assert finding.severity is severity
    assert version in finding.what


def test_both_openssls_are_found() -> None:
    assert [library.owner for library in libraries()] == ["module ssl", "doors"]
    assert all(library.version for library in libraries())


def test_open_files_of_this_shell(tmp_path: Path) -> None:
    (few,) = DescriptorsProbe(10, tmp_path).look()
    (many,) = DescriptorsProbe(2**40, tmp_path).look()
    assert (few.severity, many.severity) == (Severity.OK, Severity.WARNING)
    assert many.remedies[1].endswith(f"ulimit -n {2**40 + 200}")


def test_open_files_of_the_running_server(tmp_path: Path) -> None:
    lock = tmp_path / "server.lock"
    lock.write_text("4711\n")
    proc = tmp_path / "proc"
    (proc / "4711").mkdir(parents=True)
    limits = "Limit  Soft  Hard  Units\nMax open files            1024  4096  files\n"
    (proc / "4711/limits").write_text(limits)
    (proc / "locks").write_text(f"1: FLOCK ADVISORY WRITE 4711 fe:00:{lock.stat().st_ino} 0 EOF\n")
    (found,) = DescriptorsProbe(5000, tmp_path, proc).look()
    assert (
        found.what == "the running server (PID 4711) may have 1024, but 5000 connections need 5200"
    )
    assert found.remedies[1].endswith("prlimit --pid 4711 --nofile=5200:5200")
    (proc / "locks").write_text("")
    (found,) = DescriptorsProbe(5000, tmp_path, proc).look()
    assert "a server started here" in found.what
