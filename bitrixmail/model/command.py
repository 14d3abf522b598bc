"""A program of this machine that rules may have run, and how a run of it ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """What is run, and what it may use. Made of the settings, never of a rule or a message.

    `argv` begins with an absolute path. `user` empty: that of the server. A limit of 0 is none:
    `memory_octets` of address space, `cpu_s` of processor time, `file_octets` for each file it
    writes, `open_files` and `processes` of its user at one time. After `timeout_s` it is asked to
    end, and `grace_s` later killed. So many run `at_once`.
    """

    argv: tuple[str, ...]
    timeout_s: float = 60.0
    grace_s: float = 5.0
    at_once: int = 2
    user: str = ""
    directory: str = "/"
    memory_octets: int = 0
    cpu_s: int = 0
    file_octets: int = 0
    open_files: int = 0
    processes: int = 0
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: by itself with a code, or by a signal (None: it did not).

    `output` is the first of what it wrote, to whichever of its two outputs.
    """

    code: int | None
    signal: str = ""
    timed_out: bool = False
    output: bytes = b""
    duration_s: float = 0.0
