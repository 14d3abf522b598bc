"""The checks that testify of messages, married with the stores."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from bitrixmail.app.settings import Settings
from bitrixmail.checks.bayes import BayesCheck
from bitrixmail.checks.senders import SendersCheck
from bitrixmail.interfaces.check import ICheck
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.store.opening import Stores


def checks_of(
    settings: Settings, stores: Stores, threads: IThreads, clock: IReactorTime
) -> tuple[ICheck, ...]:
    """Return them in the order in which they are asked."""
    stores.counters.least = settings.spam.minimum
    return (
        SendersCheck(stores.senders, clock),
        BayesCheck(stores.counters, threads, settings.spam.threshold),
    )
