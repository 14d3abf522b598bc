"""What fuzzing has found is read again, each file by the reader it once broke."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

import pytest

from tests.fuzz.campaign import FINDS
from tests.fuzz.target import ALL, NAMES, Target, make_target
from tests.fuzz.watch import HANG_S

FOUND = sorted(path for path in FINDS.glob("*/*") if path.is_file())
FILES = [path for path in FOUND if path.parent.name in NAMES]
target_of = cache(make_target)


def test_each_find_belongs_to_a_target() -> None:
    assert FILES
    assert {path.parent.name for path in FOUND} <= ALL


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_find_stays_mended(path: Path) -> None:
    target: Target = target_of(path.parent.name)
    begun = time.thread_time()
    target.run(path.read_bytes())
    assert time.thread_time() - begun < HANG_S
