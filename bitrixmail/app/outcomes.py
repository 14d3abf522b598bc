"""What becomes of jobs, married with the settings: for the server, and where a person gives up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

from bitrixmail.app.settings import Settings
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.outbound.bounces.suppressing import Suppressor
from bitrixmail.outbound.outcomes import Desk, Outcomes
from bitrixmail.outbound.timing.retry import RetryPolicy
from bitrixmail.store.opening import Stores


def suppressor_of(settings: Settings, stores: Stores) -> Suppressor:
    """Return what keeps mail from addresses that do not exist."""
    return Suppressor(stores.suppressions, timedelta(seconds=settings.outbound.suppress))


def outcomes_of(
    settings: Settings, stores: Stores, maillog: IMailLog, new_queue_id: Callable[[], str]
) -> Outcomes:
    """Return who decides; notices get their names by `new_queue_id`."""
    outbound = settings.outbound
    return Outcomes(
        stores.jobs,
        stores.directory,
        RetryPolicy(outbound.retry_plan(), Random()),  # noqa: S311 - it spreads, it hides nothing
        maillog,
        Desk(settings.server.hostname, new_queue_id, timedelta(seconds=outbound.lifetime)),
        suppressor=suppressor_of(settings, stores),
    )
