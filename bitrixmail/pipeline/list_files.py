"""The list files of rules: values one a line, which people and programs change at any time."""

from __future__ import annotations

from pathlib import Path

from twisted.logger import Logger

from bitrixmail.rules.lists import parse_list

# The folder of list files, in the data directory.
LISTS = "lists"
MAX_OCTETS = 8 * 1024 * 1024
_log = Logger()


class ListFiles:
    """Reads list files of one folder, in any thread. Made by compose, lives as long as the server.

    Mail goes on without a file that can't be read: the rules that need it are passed over, and the
    log says so.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[int, int]] = {}

    def read(self, name: str) -> tuple[str, ...]:
        """Return the values of a file; `name` is one that rules.lists has found good.

        Raises LookupError if it can't be read: an empty list would let "not in the list" match
        everything.
        """
        path = self._folder / name
        self._known[name] = _looks(path)
        try:
            with path.open("rb") as file:
                octets = file.read(MAX_OCTETS + 1)
        except OSError as error:
            _log.warn("list file {path} can't be read: {error}", path=str(path), error=str(error))
            raise LookupError(f"list file {path} can't be read") from error
        if len(octets) > MAX_OCTETS:
            _log.warn("list file {path} is cut at {most} octets", path=str(path), most=MAX_OCTETS)
        return parse_list(octets[:MAX_OCTETS].decode("utf-8", "replace"))

    def changed(self) -> bool:
        """Tell whether any file read so far looks another now."""
        return any(_looks(self._folder / name) != looks for name, looks in self._known.items())


def _looks(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (-1, -1)
    return (found.st_mtime_ns, found.st_size)
