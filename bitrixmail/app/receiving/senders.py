"""The doors for who sends from here: mailboxes that log in, and mail servers of this machine."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.cred.portal import Portal

from bitrixmail.accounts.checkers import PasswordChecker
from bitrixmail.accounts.last_logins import LastLogins
from bitrixmail.accounts.realm import AccountRealm
from bitrixmail.accounts.scram import ScramChecker, Verifiers
from bitrixmail.accounts.secret import KeptSecret
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.app.receiving.reception import Reception, limits_of
from bitrixmail.app.settings.tree import Settings
from bitrixmail.pipeline.routing import Router
from bitrixmail.pipeline.submission import Submissions
from bitrixmail.smtp.lmtp import LMTPFactory, local_limits
from bitrixmail.smtp.submission import SubmissionFactory
from bitrixmail.tasks import utcnow

SALTS = "login.secret"


class Senders:
    """The doors, married with the gate and the accounts. Made by compose, lives as long as it.

    `portal` is that of all doors: whoever reads a mailbox may also send from it.
    `logins` remembers who did.
    """

    def __init__(self, reception: Reception, throttle: LoginThrottle, clock: Any) -> None:
        settings, stores = reception.settings, reception.stores
        hostname = settings.server.hostname
        secret = KeptSecret(settings.data_dir / SALTS, reception.threads)
        verifiers = Verifiers(stores.directory, secret)
        self.logins = LastLogins(partial(utcnow, clock))
        self.portal = Portal(
            AccountRealm(stores.directory, stores.messages, self.logins.note),
            [
                PasswordChecker(stores.directory, reception.threads, throttle, clock),
                ScramChecker(stores.directory, verifiers, throttle),
            ],
        )
        self._submissions = Submissions(
            Router(stores.directory, hostname),
            stores.directory,
            stores.grants,
            clock,
            settings.submission.limits(),
        )
        reception.gate.submissions = self._submissions
        self.submission = SubmissionFactory(
            reception.gate,
            clock,
            reception.maillog,
            hostname,
            limits_of(settings),
            reception.tls,
            portal=self.portal,
            salts=verifiers,
            most_held_s=int(settings.submission.max_hold),
        )
        self.lmtp = LMTPFactory(
            reception.gate,
            clock,
            reception.maillog,
            hostname,
            local_limits(limits_of(settings)),
            None,
        )

    def take(self, fresh: Settings) -> None:
        """Put the live part of new settings in force."""
        self._submissions.limits = fresh.submission.limits()
        self.submission.limits = limits_of(fresh)
        self.submission.most_held_s = int(fresh.submission.max_hold)
        self.lmtp.limits = local_limits(limits_of(fresh))
