"""Room, file systems and syncs, on tables of mounts made by the test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bitrixmail.admin.probes.disk import DiskProbe, Thresholds
from bitrixmail.admin.probes.fsync import FsyncProbe
from bitrixmail.admin.probes.mounts import mount_of
from bitrixmail.model.finding import Severity
from tests.fakes.process import ROOT


def table(root: Path, *mounts: str) -> Path:
    """Write a table of mounts, all of the device on which the test is."""
    device = root.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    (root / "self").mkdir()
    lines = "".join(f"{n} 1 {number} / {mount}\n" for n, mount in enumerate(mounts, 20))
    (root / "self/mountinfo").write_text(lines)
    return root


@pytest.mark.parametrize("order", [1, -1])
def test_the_innermost_mount_counts(tmp_path: Path, order: int) -> None:
    inner = f"{tmp_path} rw,noatime - xfs /dev/b rw,nobarrier"
    proc = table(tmp_path, *("/ rw - ext4 /dev/a rw", inner)[::order])
    found = mount_of(tmp_path / "not/yet/there", proc)
    assert found is not None
    assert (found.point, found.kind, found.source) == (str(tmp_path), "xfs", "/dev/b")
    assert found.options == {"rw", "noatime", "nobarrier"}
    outside = mount_of(tmp_path.parent, proc)
    assert outside is not None
    assert outside.point == "/"


@pytest.mark.parametrize(
    ("kind", "options", "severity", "told"),
    [
        ("tmpfs", "rw", Severity.FAILURE, "it lives in memory"),
        ("nfs4", "rw", Severity.FAILURE, "lies on another machine"),
        ("overlay", "rw", Severity.WARNING, "the layer of a container"),
        ("ext4", "rw,nobarrier", Severity.FAILURE, "mounted with nobarrier"),
        ("ext4", "rw,data=writeback", Severity.WARNING, "data=writeback"),
        ("ext4", "rw", Severity.OK, "a sync takes 3.00 ms"),
    ],
)
def test_a_file_system_that_does_not_keep_mail(
    tmp_path: Path, kind: str, options: str, severity: Severity, told: str
) -> None:
    proc = table(tmp_path, f"/ rw - {kind} /dev/a {options}")
    (finding,) = FsyncProbe(tmp_path / "var", {}, proc, lambda _folder: 0.003).look()
    assert finding.severity is severity
    assert told in finding.what


def test_a_sync_that_is_too_quick_for_a_disk(tmp_path: Path) -> None:
    proc = table(tmp_path, "/ rw - ext4 /dev/a rw")
    (finding,) = FsyncProbe(tmp_path, {}, proc, lambda _folder: 2e-6).look()
    assert finding.severity is Severity.WARNING
    assert "less than any disk needs" in finding.what


def test_syncs_that_do_nothing(tmp_path: Path) -> None:
    proc = table(tmp_path, "/ rw - ext4 /dev/a rw")
    environment = {"LD_PRELOAD": "/usr/lib/libeatmydata.so"}
    (finding,) = FsyncProbe(tmp_path, environment, proc, lambda _folder: 0.003).look()
    assert finding.severity is Severity.FAILURE
    assert finding.remedies[-1] == "unset LD_PRELOAD"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts: needs root")
def test_a_real_tmpfs_and_a_real_mount_without_writing(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from bitrixmail.admin.probes.disk import DiskProbe\n"
        "from bitrixmail.admin.probes.fsync import FsyncProbe\n"
        "folder = Path(sys.argv[1])\n"
        "for each in (*FsyncProbe(folder, {}).look(), *DiskProbe(folder, 1).look()):\n"
        "    print(each.severity.value, each.what)\n"
    )
    mount = f'mount -t tmpfs -o ro tmpfs {tmp_path} && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", mount, "sh", sys.executable, "-c", program]
    told = subprocess.check_output([*command, tmp_path], text=True, cwd=ROOT).splitlines()
    assert told == [
        f"failure {tmp_path} is a tmpfs: it lives in memory",
        f"failure {tmp_path} is mounted read-only",
    ]


@pytest.mark.parametrize(
    ("thresholds", "severity"),
    [
        (Thresholds(failing_octets=1, doubtful_octets=1), Severity.OK),
        (Thresholds(failing_octets=1, doubtful_octets=2**60, doubtful_share=1.0), Severity.WARNING),
        (Thresholds(failing_octets=2**60), Severity.FAILURE),
    ],
)
def test_room(tmp_path: Path, thresholds: Thresholds, severity: Severity) -> None:
    finding, *_more = DiskProbe(tmp_path / "var", 1, thresholds).look()
    assert finding.severity is severity
    assert "are free on" in finding.what


def test_files_that_can_still_be_made(tmp_path: Path) -> None:
    if os.statvfs(tmp_path).f_files == 0:
        pytest.skip("this file system makes files without end")
    thresholds = Thresholds(failing_octets=1, doubtful_octets=1, doubtful_inodes=2**60)
    findings = DiskProbe(tmp_path, 1, thresholds).look()[:2]
    assert [each.severity for each in findings] == [Severity.OK, Severity.WARNING]
    assert "more files can be made" in findings[1].what


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away: needs root")
@pytest.mark.parametrize(
    ("owner", "unit", "what"),
    [
        (0, "", "belongs to root"),
        (65534, "", ""),
        (0, "nobody", "belongs to user root, and x.service runs the server as nobody"),
        (65534, "nobody", ""),
        (0, "root", ""),
        (0, "no-such-user", "belongs to user root, and x.service runs the server as no-such-user"),
    ],
)
def test_whose_it_is(tmp_path: Path, owner: int, unit: str, what: str) -> None:
    """Compared with who runs the server by its unit, never with who asks."""
    (tmp_path / "var").mkdir()
    os.chown(tmp_path / "var", owner, owner)
    (tmp_path / "units").mkdir()
    if unit:
        text = f"[Service]\nUser={unit}\nExecStart=/opt/bin/twistd -n bitrixmail\n"
        (tmp_path / "units/x.service").write_text(text)
    probe = DiskProbe(
        tmp_path / "var",
        1,
        Thresholds(failing_octets=1, doubtful_octets=1, failing_inodes=0, doubtful_inodes=0),
        units=(tmp_path / "units",),
    )
    found = [each for each in probe.look() if each.severity is not Severity.OK]
    assert [each.what for each in found] == ([what] if what else [])
    commands = [each for finding in found for each in finding.remedies if each[-1] != ":"]
    wanted = [f"chown -R {unit or 'bitrixmail'} {tmp_path}/var"] if what else []
    if unit == "no-such-user":
        wanted.insert(0, "useradd --system --shell /usr/sbin/nologin no-such-user")
    assert commands == wanted
