"""What is free amid the heaps goes back to the system."""

from __future__ import annotations

import subprocess
import sys
import weakref

import pytest

from bitrixmail.app.machine.allocator import give_back

# Large pieces with small ones between them, which stay: holes that no heap can shed by shrinking
_PROGRAM = """
from bitrixmail.app.machine.allocator import give_back, keep_little
keep_little()
def resident_kib():
    return int(open("/proc/self/statm").read().split()[1]) * 4
pieces = [(bytearray(b"x" * 100_000), bytes(20_000)) for _ in range(300)]
stay = [small for _, small in pieces]
full = resident_kib()
pieces.clear()
before = resident_kib()
try:
    give_back().send(None)
except StopIteration:
    pass
print(full, before, resident_kib())
"""


def test_holes_are_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], check=True, capture_output=True, text=True, timeout=20
    )
    full, before, after = map(int, done.stdout.split())
    assert full - before < 5_000, "nothing is left to be given back: this tests nothing"
    assert before - after > 20_000


def test_what_ended_in_a_circle_is_freed() -> None:
    class Ended:
        pass

    ended = Ended()
    ended.itself = ended  # type: ignore[attr-defined]
    gone = weakref.ref(ended)
    del ended
    with pytest.raises(StopIteration):
        give_back().send(None)
    assert gone() is None
