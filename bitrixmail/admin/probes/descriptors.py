"""Whether the server may have as many sockets as its settings allow connections. Blocking."""

from __future__ import annotations

import resource
from pathlib import Path

from bitrixmail.admin.probes.host_programs import sudo
from bitrixmail.admin.probes.ports import running_server
from bitrixmail.model.finding import Finding, Severity

NAME = "descriptors"
# Database, log, threads, listeners, and files that messages are written to.
_BESIDE = 200


class DescriptorsProbe:
    """Made by app for one examination; `look` runs in a thread.

    `connections`: how many all doors together may have; 0: no limit.
    """

    def __init__(self, connections: int, data_dir: Path, proc: Path = Path("/proc")) -> None:
        self._connections = connections
        self._data_dir = data_dir
        self._proc = proc

    def look(self) -> tuple[Finding, ...]:
        """Compare the limit of the running server, else of this shell, with what is needed."""
        server = running_server(self._data_dir, self._proc)
        limits = self._limits_of(server) if server else None
        soft, hard = limits or resource.getrlimit(resource.RLIMIT_NOFILE)
        whose = f"the running server (PID {server})" if limits else "this shell"
        needed = self._connections + _BESIDE
        if _at_least(soft, needed):
            what = f"{whose} may have {_shown(soft)}, {needed} are needed at most"
            return (Finding(NAME, "open files", Severity.OK, what),)
        return (
            Finding(
                NAME,
                "open files",
                Severity.WARNING,
                f"{whose} may have {soft}, but {self._connections} connections need {needed}",
                "When they are used up, nobody can connect until some end.",
                self._remedies(server if limits else 0, needed, hard),
            ),
        )

    def _limits_of(self, pid: int) -> tuple[int, int] | None:
        try:
            lines = (self._proc / str(pid) / "limits").read_text("ascii", "replace").splitlines()
        except OSError:
            return None
        for line in lines:
            if line.startswith("Max open files"):
                soft, hard = line.split()[3:5]
                return _number(soft), _number(hard)
        return None

    @staticmethod
    def _remedies(server: int, needed: int, hard: int) -> tuple[str, ...]:
        if server:
            now = sudo(f"prlimit --pid {server} --nofile={needed}:{needed}")
        elif _at_least(hard, needed):
            now = f"ulimit -Sn {needed}"
        else:  # for root alone
            now = f"ulimit -Hn {needed}; ulimit -Sn {needed}"
        return (
            "Raise it for now:",
            now,
            "In a unit of systemd for good: LimitNOFILE=65536.",
        )


def _number(text: str) -> int:
    return resource.RLIM_INFINITY if text == "unlimited" else int(text)


def _at_least(limit: int, needed: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= needed


def _shown(limit: int) -> str:
    return "any number" if limit == resource.RLIM_INFINITY else str(limit)
