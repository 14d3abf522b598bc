"""What becomes of jobs, married with the settings: for the server, and where a person gives up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

from bitrixmail.app.sending.steering import Steering
from bitrixmail.app.sending.ways import rules_of
from bitrixmail.app.settings.tree import Settings
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.outbound.bounces.suppressing import Suppressor
from bitrixmail.outbound.outcomes import Desk, Outcomes
from bitrixmail.outbound.timing.retry import RetryPolicies, RetryPolicy
from bitrixmail.store.opening import Stores


class Deciding:
    """Who decides what becomes of jobs; notices get their names by `new_queue_id`."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        maillog: IMailLog,
        new_queue_id: Callable[[], str],
    ) -> None:
        outbound = settings.outbound
        self.suppressor = Suppressor(stores.suppressions, timedelta(seconds=outbound.suppress))
        usual = RetryPolicy(outbound.retry_plan(), Random())  # noqa: S311 - it spreads, it hides nothing
        self._retries = RetryPolicies(usual, {})
        lifetime = timedelta(seconds=outbound.lifetime)
        routes = rules_of(settings, secrets=False)
        self._desk = Desk(settings.server.hostname, new_queue_id, lifetime, routes)
        self.outcomes = Outcomes(
            stores.jobs,
            stores.directory,
            self._retries,
            maillog,
            self._desk,
            suppressor=self.suppressor,
        )

    def take(self, settings: Settings, steering: Steering) -> None:
        """Put settings in force, `steering` made of them."""
        outbound = settings.outbound
        self.suppressor.lasting = timedelta(seconds=outbound.suppress)
        self._desk.lifetime = timedelta(seconds=outbound.lifetime)
        self._desk.routes = steering.routes.rules
        self._desk.action_pauses = settings.actions.pauses
        self._retries.put(steering.retry, steering.retries, steering.action_retry)
