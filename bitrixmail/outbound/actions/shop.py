"""What all actions that make mail of mail work with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from twisted.internet.interfaces import IReactorTime

from bitrixmail.interfaces.answers import IAnswers
from bitrixmail.interfaces.directory import IDirectory, IRouter
from bitrixmail.interfaces.gate import IGate
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.rewriting import IRewriting
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.answer import Bounds


@dataclass(slots=True)
class Shop:
    """See the module. Made by compose; `bounds` may be replaced while it runs.

    `timezone` is that of days which rules name without one.
    """

    gate: IGate
    jobs: IJobStore
    router: IRouter
    directory: IDirectory
    rewriting: IRewriting
    answers: IAnswers
    threads: IThreads
    clock: IReactorTime
    hostname: str
    timezone: tzinfo
    bounds: Bounds
