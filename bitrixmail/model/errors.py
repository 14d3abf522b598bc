"""Errors that carry their reply (temporary or permanent), and those of bad input."""

from __future__ import annotations

from dataclasses import dataclass

from bitrixmail.model.reply import MAILDROP_LOCKED, STORE_FULL, STORE_UNAVAILABLE, Reply


class MailError(Exception):
    """A refusal with a public `reply`; what really happened is `cause`, for the log only."""

    def __init__(self, reply: Reply, *, cause: str = "") -> None:
        super().__init__(cause or str(reply))
        self.reply = reply
        self.cause = cause


class TemporaryError(MailError):
    """4xx: the same attempt may succeed later."""


class PermanentError(MailError):
    """5xx: the same attempt will never succeed."""


class StoreUnavailableError(TemporaryError):
    """The database or the blob store cannot be written or read now."""

    def __init__(self, cause: str) -> None:
        super().__init__(STORE_UNAVAILABLE, cause=cause)


class StoreFullError(TemporaryError):
    """There is no room left on the disk or under its quota."""

    def __init__(self, cause: str) -> None:
        super().__init__(STORE_FULL, cause=cause)


class MaildropLockedError(TemporaryError):
    """Another session reads this folder exclusively (RFC 1939 §4)."""

    def __init__(self) -> None:
        super().__init__(MAILDROP_LOCKED)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in what a person gave us: where it stands, what it is, how to mend it."""

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """Write the fault on one line."""
        return f"{self.where}: {self.what}" + (f" ({self.remedy})" if self.remedy else "")


class InputError(Exception):
    """Settings, rules or commands that cannot be used; names every fault found."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class NotFoundError(InputError):
    """A domain, mailbox, alias, folder or message that does not exist."""


class ExistsError(InputError):
    """Something of that name exists already."""


class ChangedMeanwhileError(InputError):
    """What is to be changed is no more as it was when it was shown: another has changed it."""


class SetupError(Exception):
    """The surroundings do not allow to start or go on: `problem` in one line, then ways out.

    `exit_code` is a sysexits code (`os.EX_*`).
    """

    def __init__(self, problem: str, *remedies: str, exit_code: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedies = remedies
        self.exit_code = exit_code
