"""`twistd` with bugs planted in it: some messages make its parser or its rules fail.

Run as a file, with twistd's own arguments. A message says by its subject which bug it meets.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.scripts.twistd import run

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.rules.engine import CompiledRules


def deeper(depth: int) -> int:
    return deeper(depth + 1) + 1


def out_of_memory(_depth: int) -> None:
    raise MemoryError("planted")


def divide(depth: int) -> float:
    return 1 / depth


BUGS = {"division": divide, "recursion": deeper, "memory": out_of_memory}
_parse = HeaderSection.parse
_judge = CompiledRules.judge


def parse(head: bytes) -> HeaderSection:
    for name, bug in BUGS.items():
        if b"Subject: parsing meets " + name.encode() in head:
            bug(0)
    return _parse(head)


def judge(self: CompiledRules, facts: Any, **named: Any) -> Any:
    for name, bug in BUGS.items():
        if facts.headers.text("subject") == f"judging meets {name}":
            bug(0)
    return _judge(self, facts, **named)


if __name__ == "__main__":
    HeaderSection.parse = staticmethod(parse)  # type: ignore[method-assign]
    CompiledRules.judge = judge  # type: ignore[method-assign, assignment]
    sys.argv[0] = "twistd"
    run()  # type: ignore[no-untyped-call]  # Twisted's has no types
