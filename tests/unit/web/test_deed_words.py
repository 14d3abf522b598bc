"""What is written into the audit log has its words."""

from __future__ import annotations

import re
from pathlib import Path

from bitrixmail.web.words.deeds import DEEDS
from tests.fakes.fault_texts import ROOM


def test_every_deed_that_is_written_down_has_its_words() -> None:
    codes = set()
    for file in sorted((ROOM / "web").rglob("*.py")):
        codes |= _codes(file)
    assert len(codes) > 50
    assert codes <= set(DEEDS)


_RECORDED = re.compile(r'"((?:[a-z]+)\.[a-z_]+(?:\.[a-z]+)?)"')


def _codes(file: Path) -> set[str]:
    text = file.read_text()
    found = re.findall(r"record\((.{0,120})", text, re.DOTALL)
    found += re.findall(r"what = (.{0,60})", text)
    return {
        code
        for piece in found
        for code in _RECORDED.findall(piece)
        if not code.endswith((".html", ".zip", ".toml"))
    }
