"""Descriptors that the server takes at its start, tried in a process of its own."""

from __future__ import annotations

import subprocess
import sys

_TAKE = """
import resource, sys
from bitrixmail.app.machine.descriptors import take_descriptors
soft, hard = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
take_descriptors()
take_descriptors()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def taken(soft: int, hard: int) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _TAKE, str(soft), str(hard)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    assert taken(100, 400) == "400 400"


def test_a_limit_that_is_high_already_stays() -> None:
    assert taken(400, 400) == "400 400"
