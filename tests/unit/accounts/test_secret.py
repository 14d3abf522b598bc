from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from bitrixmail.accounts.secret import _read_or_make

AT_ONCE = 8


def test_all_who_make_it_at_the_same_time_get_the_same(tmp_path: Path) -> None:
    for number in range(20):
        path = tmp_path / f"{number}.secret"
        together = Barrier(AT_ONCE)

        def make(path: Path = path, together: Barrier = together) -> bytes:
            together.wait()
            return _read_or_make(path)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            made = {each.result() for each in [pool.submit(make) for _ in range(AT_ONCE)]}
        assert made == {path.read_bytes()}
        assert path.stat().st_mode & 0o777 == 0o600
    assert len(list(tmp_path.iterdir())) == 20


def test_a_damaged_one_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"half")
    made = _read_or_make(path)
    assert len(made) == 32
    assert path.read_bytes() == made == _read_or_make(path)
    assert list(tmp_path.iterdir()) == [path]
