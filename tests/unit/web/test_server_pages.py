"""What the server's own pages work out by themselves."""

from __future__ import annotations

import pytest

from bitrixmail.model.errors import Fault
from bitrixmail.model.house import Samples
from bitrixmail.model.settings_book import Book, Kind, Section, Setting, Source
from bitrixmail.web.pages.dashboard import _sum, _values
from bitrixmail.web.pages.doctor import is_command
from bitrixmail.web.pages.settings import _context


@pytest.mark.parametrize(
    ("remedy", "command"),
    [
        ("apt-get install chrony", True),
        ('servers = ["9.9.9.9"]', True),
        ("example.org. IN MX 10 mx.example.org", True),
        ("example.org. 3600 IN MX 10 mx.example.org.", True),
        ("Install a service that sets it over the net:", False),
        ("Look again later.", False),
    ],
)
def test_what_is_to_be_copied_is_told_from_sentences(remedy: str, command: bool) -> None:
    assert is_command(remedy) is command


def setting(path: str) -> Setting:
    return Setting(path, "", Kind.TEXT, "", "", Source.DEFAULT, live=True)


def test_a_fault_stands_at_its_field() -> None:
    section = Section("dns", "", (setting("dns.servers"), setting("dns.servers_more")))
    faults = (
        Fault("dns.servers.0", "a"),
        Fault("dns.servers_more", "b"),
        Fault("dns.servers: example", "c"),
        Fault("tls.key", "d"),
    )
    context = _context(Book("file", (section,)), section, {}, faults)
    assert context["beside"] == {
        "dns.servers": [faults[0], faults[2]],
        "dns.servers_more": [faults[1]],
    }
    assert context["faults"] == [faults[3]]


def test_a_day_has_the_steps_that_are_not_in_a_coarse_one_yet() -> None:
    day = Samples(300, (300, 600), {"sent": (5, 7)})
    hour = Samples(10, (590, 600, 610, 620), {"sent": (1, 1, 2, 4)})
    assert _sum(hour, "sent") == 8
    assert _sum(day, "sent", hour) == 5 + 7 + 2 + 4
    assert _sum(Samples(300), "sent", hour) == 8
    assert _values(hour, "bounced") == [0, 0, 0, 0]


def test_charts_tell_why_mail_was_refused_and_how_long_the_oldest_waits() -> None:
    counts: dict[str, tuple[int | None, ...]] = {
        "refused": (5, 0, 3),
        "refused/unknown": (3, 0, 0),
        "refused/limits": (1, 0, 3),
    }
    samples = Samples(10, (10, 20, 30), counts, {"oldest": (90.0, None, 0.0)})
    assert _values(samples, "refused/unknown") == [3, 0, 0]
    assert _values(samples, "refused/other") == [1, 0, 0]
    assert _values(Samples(10, (10, 20)), "refused/other") == [0, 0]
    assert _values(samples, "minutes") == [1.5, None, 0.0]
