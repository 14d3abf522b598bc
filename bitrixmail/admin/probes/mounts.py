"""On what a directory lies: the file system, its type and options (proc(5), mountinfo)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system."""

    point: str
    kind: str
    source: str
    options: frozenset[str]


def mount_of(path: Path, proc: Path = Path("/proc")) -> Mount | None:
    """Return the file system that holds a path; None if that can't be read."""
    device = nearest(path).stat().st_dev
    wanted = f"{device >> 8 & 0xFFF}:{device & 0xFF | device >> 12 & 0xFFF00}"
    place = nearest(path).resolve()
    best: Mount | None = None
    try:
        lines = (proc / "self/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        words, (kind, source, *more) = before.split(), after.split()
        point = _unescaped(words[4])
        # A later line of the same depth lies above the earlier one.
        fits = place.is_relative_to(point) and (best is None or len(point) >= len(best.point))
        if fits and (words[2] == wanted or kind in ("overlay", "btrfs") or best is None):
            options = {*words[5].split(","), *",".join(more).split(",")}
            best = Mount(point, kind, _unescaped(source), frozenset(options))
    return best


def nearest(path: Path) -> Path:
    """Return a path, or the nearest above it that exists."""
    return next(found for found in (path, *path.absolute().parents) if found.exists())


def _unescaped(text: str) -> str:
    for octal, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(octal, letter)
    return text
