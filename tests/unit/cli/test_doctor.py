"""The doctor's findings in words, English and Russian."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result
from twisted.internet.task import Clock

from bitrixmail.admin.findings.host_russian import HOST_SENTENCES
from bitrixmail.admin.findings.russian import _SENTENCES, in_russian
from bitrixmail.admin.probes.domains import DomainProbe
from bitrixmail.admin.probes.name_servers import NameServerProbe, told_once
from bitrixmail.admin.probes.names import HostnameProbe, ReverseProbe
from bitrixmail.admin.probes.own_addresses import OwnAddresses
from bitrixmail.app.looks.network_probes import _NO_DOMAIN
from bitrixmail.cli.root import root
from bitrixmail.model.finding import Finding, Severity
from tests.fakes.resolver import TableResolver
from tests.fakes.stores import result_of
from tests.fakes.surroundings import OURS, THEIRS, ZONE

PACKAGE = Path(__file__).parents[3] / "bitrixmail"
PROOF = "prove by DNSSEC what they say"
WELL = Finding("dns", "name servers 192.0.2.53", Severity.OK, f"answer within 3 ms; {PROOF}")
DOUBT = Finding("ptr", OURS, Severity.WARNING, "has no name (PTR record)", "Why.", ("run this",))
FAILING = Finding("mx", "example.org", Severity.FAILURE, "does not exist in the DNS")


class KnownFindings:
    """A composer that only knows what was found. Made by a test."""

    def __init__(self, language: str, *findings: Finding) -> None:
        self._language, self._findings = language, findings

    def language(self) -> str:
        return self._language

    def examine(self, _options: object, _only: Sequence[str], progress: Any) -> Any:
        progress("dns", 1, len(self._findings))
        return self._findings


def doctor(*findings: Finding, language: str = "en", words: Sequence[str] = ()) -> Result:
    return CliRunner().invoke(root, ["doctor", *words], obj=KnownFindings(language, *findings))


@pytest.mark.parametrize(
    ("findings", "code", "summary"),
    [
        ((), 0, "All is well."),
        ((WELL,), 0, "All is well."),
        ((WELL, DOUBT), 1, "0 failing, 1 doubtful, 1 well"),
        ((WELL, DOUBT, FAILING, FAILING), 2, "2 failing, 1 doubtful, 1 well"),
    ],
)
def test_the_worst_is_the_exit_code(findings: tuple[Finding, ...], code: int, summary: str) -> None:
    done = doctor(*findings)
    assert (done.exit_code, done.stderr) == (code, f"{summary}\n")


def test_a_finding_is_a_line_and_its_remedies_stand_alone() -> None:
    assert doctor(WELL, DOUBT).stdout.splitlines() == [
        f"✓ dns         name servers 192.0.2.53: answer within 3 ms; {PROOF}",
        f"! ptr         {OURS}: has no name (PTR record)",
        "    Why.",
        "    What to do:",
        "      run this",
    ]


@pytest.mark.parametrize(("language", "words"), [("ru", ()), ("en", ("--lang", "ru"))])
def test_in_russian(language: str, words: Sequence[str]) -> None:
    done = doctor(WELL, DOUBT, language=language, words=words)
    assert done.stdout.splitlines() == [
        "✓ dns         DNS-серверы 192.0.2.53: отвечают за 3 мс; ответы подтверждены DNSSEC",
        f"! ptr         {OURS}: нет имени (записи PTR)",
        "    Why.",
        "    Что делать:",
        "      run this",
    ]
    assert done.stderr == "с ошибкой: 0, под вопросом: 1, в порядке: 1\n"


def test_json_is_english_whatever_the_language() -> None:
    done = doctor(DOUBT, language="ru", words=["--json"])
    assert json.loads(done.stdout) == {
        "findings": [
            {
                "probe": "ptr",
                "subject": OURS,
                "severity": "warning",
                "what": "has no name (PTR record)",
                "why": "Why.",
                "remedies": ["run this"],
            }
        ],
        "summary": {"ok": 0, "warning": 1, "failure": 0},
    }


def test_remote_text_moves_no_cursor() -> None:
    done = doctor(Finding("outgoing", "\x1b[2J", Severity.WARNING, "a\x1b[1mb", "c\nd", ("e\rf",)))
    assert "\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) == 4


SPOILED = (
    (),
    ("example.org. 9 IN MX 10 mx.elsewhere.example.",),
    ("example.org. 9 IN MX 10 w.example.org.", "w.example.org. 9 IN CNAME mx.example.org."),
    ("example.org. 9 IN MX 0 .",),
    ("example.org. 9 IN MX 10 1.2.3.4.",),
    ("example.org. 9 IN MX 10 gone.example.org.",),
    ("example.org. 9 IN MX 10 l.example.org.", "l.example.org. 9 IN A 127.0.0.1"),
    ("mx.example.org. 9 IN A 10.1.2.3",),
    (f"mx.example.org. 9 IN A {THEIRS}",),
    ("mx.example.org. 9 IN CNAME mx.elsewhere.example.",),
    ("4.3.2.1.in-addr.arpa. 9 IN PTR gone.example.",),
    ("4.3.2.1.in-addr.arpa. 9 IN PTR p.example.", f"p.example. 9 IN A {OURS}"),
)  # fmt: skip
COMMAND = re.compile(
    r"\S+\. 3600 IN .*|cat .*|dig .*|(sudo )?apt-get .*|bitrixmail .*|\w+ = \[.*\]"
)


def everything_found() -> list[Finding]:
    """Return what the probes of names say in many surroundings."""
    told = OwnAddresses(frozenset({ip_address(OURS)}))
    router = OwnAddresses(frozenset(), frozenset({ip_address("192.168.1.2")}))
    lying = TableResolver("invented.com. 9 IN A 1.2.3.4")
    tables = [TableResolver(*ZONE) for _ in range(len(SPOILED) + 5)]
    for table, lines in zip(tables, SPOILED, strict=False):
        table.zone.put(*lines)
    failing, silent, bare, first, equal = tables[len(SPOILED) :]
    failing.failing = {"example.org", "mx.example.org", "."}
    silent.silent = {"example.org", "mx.example.org", ".", "4.3.2.1.in-addr.arpa"}
    bare.zone.remove("example.org", "MX")
    bare.zone.remove("4.3.2.1.in-addr.arpa", "PTR")
    bare.zone.remove("mx.example.org", "A")
    first.zone.add("example.org. 9 IN MX 5 mx.elsewhere.example.")
    equal.zone.add("example.org. 9 IN MX 10 mx.elsewhere.example.")
    probes: list[Any] = []
    for table in tables:
        for own in (told, router):
            for name in ("mx.example.org", "mx"):
                probes.append(HostnameProbe(name, table, own))
                probes.append(ReverseProbe(name, table, own))
                probes.append(DomainProbe("example.org", name, table, own))
                probes.append(DomainProbe("gone.example", name, table, own))
        probes.append(NameServerProbe("192.0.2.53", table, Clock()))
    probes.append(NameServerProbe("192.0.2.53", lying, Clock(), lambda: "invented.com"))
    found = [finding for probe in probes for finding in result_of(probe.probe())]
    return [*cast("list[Finding]", found), *told_once(tuple(found)), _NO_DOMAIN]


def test_every_finding_about_names_is_told_in_russian() -> None:
    found = everything_found()
    assert {each.severity for each in found} == set(Severity)
    for finding in found:
        for text in (finding.what, finding.why, *finding.remedies):
            if text and not COMMAND.fullmatch(text):
                assert re.search("[а-яё]", in_russian(text)), text


def test_no_english_sentence_stays_inside_a_russian_one() -> None:
    words = re.compile(r"\b(is|has|which|only|leads|of|address|answer|alias|nobody)\b")
    for finding in everything_found():
        told = in_russian(finding.what)
        assert not words.search(told.replace("no answer from the table", "")), told


def test_a_command_and_a_zone_line_stay_as_they_are() -> None:
    for text in ("example.org. 3600 IN MX 10 mx.example.org.", "nft list ruleset", ""):
        assert in_russian(text) == text


def test_no_russian_is_kept_for_what_nobody_says() -> None:
    """A sentence changed in a probe is changed in its translation too."""
    said = "\n".join(_constants())
    for english, _ in (*_SENTENCES, *HOST_SENTENCES):
        for part in english.split("{}"):
            halves = ((part[:cut], part[cut:]) for cut in range(len(part) + 1))
            assert any(first in said and last.strip(" .:;()") in said for first, last in halves), (
                english
            )


def _constants() -> list[str]:
    files = [*(PACKAGE / "admin/probes").glob("*.py"), PACKAGE / "admin/doctor.py"]
    files += [
        PACKAGE / "app/looks" / f"{name}.py" for name in ("doctor", "network_probes", "host_probes")
    ]
    return [
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
