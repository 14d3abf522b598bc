"""docs/port-25.md, typed as it stands: each way leads to port 25, and its undoing leads back."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bitrixmail.admin.probes.units import service_of
from bitrixmail.app.settings.loading import load_settings
from tests.fakes.machine import Machine
from tests.fakes.namespace import Namespaces, as_root
from tests.fakes.process import ROOT

pytestmark = [
    as_root,
    pytest.mark.debian("nftables", "iproute2", "iptables", "authbind", "systemd"),
]
_BLOCK = re.compile(r"^(Do|Start|Undo):\n\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the port, as the page has it."""

    heading: str
    do: str
    start: str
    undo: str


def ways() -> Iterator[Way]:
    """Yield what stands on the page: each "Start" with the "Do" before and the "Undo" behind it."""
    page = (ROOT / "docs/port-25.md").read_text("utf-8")
    for section in re.split(r"^##+ ", page, flags=re.MULTILINE)[1:]:
        heading = section.partition("\n")[0]
        blocks = _BLOCK.findall(section)
        for place, (kind, lines) in enumerate(blocks):
            if kind == "Start":
                do = blocks[place - 1][1] if place and blocks[place - 1][0] == "Do" else ""
                behind = blocks[place + 1 : place + 2]
                yield Way(heading, do, lines.strip(), behind[0][1] if behind else "")


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with Namespaces() as network, Machine(network) as machine:
        yield machine


def without_systemd(lines: str) -> str:
    """Leave out what speaks with systemd, which is not the first process here."""
    return "".join(f"{line}\n" for line in lines.splitlines() if not line.startswith("systemctl"))


# Each starts a server or two: a quick run tries one way of each kind.
WAYS = tuple(ways()) if os.environ.get("CI") == "true" else tuple(ways())[0:5:2]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.heading)
def test_a_way_and_back(machine: Machine, way: Way) -> None:
    done = machine.shell(without_systemd(way.do))
    assert done.returncode == 0, done.stdout
    server = machine.start(way.start)
    assert machine.answers(25)
    assert machine.network.reaches_itself(25, 4, 20.0)
    undone = machine.shell(without_systemd(way.undo))
    assert undone.returncode == 0, undone.stdout
    if way.heading.startswith("4"):  # the server goes on, and is no longer led to
        assert not machine.network.reaches(25)
    assert "Traceback" not in machine.end(server)
    if way.do and "tcp:25" in way.start:  # the right is gone
        assert machine.start(way.start).wait(60) == os.EX_NOPERM


def test_the_page_has_all_the_ways() -> None:
    found = [way.heading for way in ways()]
    assert [heading[:2] for heading in found] == ["1a", "1b", "2.", "3.", "4.", "4."]
    assert all(way.start for way in ways())


SERVICE = ROOT / "etc/systemd/bitrixmail.service"


def test_the_unit_of_the_socket_is_what_the_page_tries() -> None:
    unit = (ROOT / "etc/systemd/bitrixmail.socket").read_text("utf-8").splitlines()
    page = (ROOT / "docs/port-25.md").read_text("utf-8")
    assert {"ListenStream=25", "BindIPv6Only=both", "FileDescriptorName=smtp"} <= set(unit)
    assert '[listen]\nsmtp = ["systemd:domain=INET6:name=smtp"]' in page
    # Where it listens stands in the file of settings, else the doctor would look elsewhere.
    assert "BITRIXMAIL_LISTEN" not in SERVICE.read_text("utf-8")
    assert "Also=" not in SERVICE.read_text("utf-8")


def test_the_head_of_the_unit_makes_the_settings(tmp_path: Path) -> None:
    head = SERVICE.read_text("utf-8").partition("[Unit]")[0].replace("\n#  ", "\n ")
    start = head.index("sed -i")
    lines = head[start : head.index("bitrixmail.toml\n", start)].replace("/etc/bitrixmail/", "")
    shutil.copy(ROOT / "etc/bitrixmail.toml", tmp_path)
    subprocess.run(["sh", "-ec", f"{lines}bitrixmail.toml"], cwd=tmp_path, check=True)
    settings = load_settings(tmp_path / "bitrixmail.toml", {}, [])
    assert settings.server.hostname == "mx.example.org"
    assert str(settings.data_dir) == "/var/lib/bitrixmail"
    assert [each.text for each in settings.listen.smtp] == ["systemd:domain=INET6:name=smtp"]


@pytest.mark.parametrize("chosen", [False, True], ids=["socket", "capability"])
def test_the_unit_gives_the_right_when_its_two_lines_are_taken(
    tmp_path: Path, chosen: bool
) -> None:
    text = SERVICE.read_text("utf-8")
    for line in ("AmbientCapabilities", "CapabilityBoundingSet") if chosen else ():
        assert f"# {line}=CAP" in text
        text = text.replace(f"# {line}=CAP", f"{line}=CAP")
    unit = tmp_path / "bitrixmail.service"
    unit.write_text(text.replace("/opt/bitrixmail/bin/twistd", "/bin/true"))
    told = subprocess.check_output(
        ["systemd-analyze", "security", "--offline=yes", "--json=short", str(unit)], text=True
    )
    asked = {each["json_field"]: each["set"] for each in json.loads(told)}
    # It is "set" where the bounding set lacks the capability.
    (bound,) = (each for each in asked if each.startswith("CapabilityBoundingSet_CAP_NET_BIND"))
    assert (asked[bound], asked["AmbientCapabilities"]) == (not chosen, not chosen)
    assert asked["CapabilityBoundingSet_CAP_SYS_ADMIN"]
    unit.write_text(text)
    found = service_of(Path("/var/lib/bitrixmail"), (tmp_path,))
    assert found is not None
    assert (found.user, found.binds) == ("bitrixmail", chosen)
