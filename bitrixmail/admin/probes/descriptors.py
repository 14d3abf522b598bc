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
        """Compare the limit of the running server, else of one to be started, with what is needed.

        A server raises its soft limit to the hard one when it starts.
        """
        server = running_server(self._data_dir, self._proc)
        running = self._limit_of(server) if server else None
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1] if running is None else running
        whose = "a server started here" if running is None else f"the running server (PID {server})"
        needed = self._connections + _BESIDE
        if limit == resource.RLIM_INFINITY or limit >= needed:
            what = f"{whose} may have {_shown(limit)}, {needed} are needed at most"
            return (Finding(NAME, "open files", Severity.OK, what),)
        return (
            Finding(
                NAME,
                "open files",
                Severity.WARNING,
                f"{whose} may have {limit}, but {self._connections} connections need {needed}",
                "When they are used up, nobody can connect until some end.",
                self._remedies(0 if running is None else server, needed),
            ),
        )

    def _limit_of(self, pid: int) -> int | None:
        try:
            lines = (self._proc / str(pid) / "limits").read_text("ascii", "replace").splitlines()
        except OSError:
            return None
        for line in lines:
            if line.startswith("Max open files"):
                soft = line.split()[3]
                return resource.RLIM_INFINITY if soft == "unlimited" else int(soft)
        return None

    @staticmethod
    def _remedies(server: int, needed: int) -> tuple[str, ...]:
        if server:
            now = sudo(f"prlimit --pid {server} --nofile={needed}:{needed}")
        else:  # for root alone
            now = f"ulimit -n {needed}"
        return (
            "Raise it for now:",
            now,
            "In a unit of systemd for good: LimitNOFILE=65536.",
        )


def _shown(limit: int) -> str:
    return "any number" if limit == resource.RLIM_INFINITY else str(limit)
