"""What the metrics count, and that nobody can make them grow."""

from __future__ import annotations

from functools import partial

from prometheus_client import generate_latest
from zope.interface.verify import verifyObject

from bitrixmail.app.watching.maillog import MailLog
from bitrixmail.app.watching.metrics import MOST_REASONS, OTHER, Metrics
from bitrixmail.interfaces.meter import IMeter

TRANSITIONS = "bitrixmail_transitions_total"


def counted(metrics: Metrics, transition: str, reason: str = "") -> float | None:
    return metrics.registry.get_sample_value(
        TRANSITIONS, {"transition": transition, "reason": reason}
    )


def test_it_is_a_meter() -> None:
    assert verifyObject(IMeter, Metrics("1"))


def test_each_line_of_the_mail_log_is_counted_by_its_reply_codes() -> None:
    metrics, log = Metrics("1"), MailLog()
    log.meter = metrics
    for text in ("550 5.1.1 No such mailbox here", "550 5.1.1 In other words", "452 4.2.2 Full"):
        log.record("refused", peer="192.0.2.7", reply=text, reason="a cause", account=None)
    log.record("login-refused", account="info@example.org", reason="in use")
    assert counted(metrics, "refused", "550 5.1.1") == 2
    assert counted(metrics, "refused", "452 4.2.2") == 1
    assert counted(metrics, "login-refused", "in use") == 1


def test_a_line_that_stands_for_many_counts_as_many() -> None:
    metrics, log = Metrics("1"), MailLog()
    log.meter = metrics
    log.record("refused", reply="421 4.7.0 Too many", count=70)
    assert counted(metrics, "refused", "421 4.7.0") == 70


def test_the_sizes_of_what_was_accepted_are_summed_up() -> None:
    metrics, log = Metrics("1"), MailLog()
    log.meter = metrics
    log.record("accepted", size_octets=4096)
    log.record("accepted", size_octets=4)
    log.record("refused", size_octets=100)
    assert metrics.registry.get_sample_value("bitrixmail_accepted_bytes_total") == 4100


def test_deliveries_are_counted_apart_and_without_the_words_of_others() -> None:
    metrics, log = Metrics("1"), MailLog()
    log.meter = metrics
    for status, reply in (("4.7.1", "450 4.7.1 greylisted evil.example"), (None, "evil words")):
        log.record("deferred", delay_s="0.50", dsn=status, reply=reply)
    log.record("bounced", delay_s="0.50", dsn="no status", reply="550 x")
    for delay_s in ("0.30", "700.00"):
        log.record("sent", delay_s=delay_s, dsn="2.0.0", reply="250 2.0.0 Ok")

    def deliveries(outcome: str, status: str) -> float | None:
        labels = {"outcome": outcome, "status": status}
        return metrics.registry.get_sample_value("bitrixmail_deliveries_total", labels)

    assert deliveries("deferred", "4.7.1") == deliveries("deferred", "") == 1
    assert (deliveries("bounced", ""), deliveries("sent", "2.0.0")) == (1, 2)
    assert b"evil" not in generate_latest(metrics.registry)
    # What the store can't take for a moment is another thing
    assert counted(metrics, "deferred", "450 4.7.1") is None
    name = "bitrixmail_delivery_delay_seconds"
    assert metrics.registry.get_sample_value(f"{name}_count") == 2
    assert metrics.registry.get_sample_value(f"{name}_bucket", {"le": "0.5"}) == 1
    for number in range(MOST_REASONS + 5):
        log.record("bounced", delay_s="1.00", dsn=f"5.0.{number}", reply="x")
    assert deliveries("bounced", OTHER) == 6


def test_reasons_beyond_the_most_are_one() -> None:
    metrics = Metrics("1")
    for number in range(MOST_REASONS + 30):
        metrics.count("deferred", {"reason": f"/path/{number}"})
    assert counted(metrics, "deferred", f"/path/{MOST_REASONS - 1}") == 1
    assert counted(metrics, "deferred", f"/path/{MOST_REASONS}") is None
    assert counted(metrics, "deferred", OTHER) == 30


def test_a_gauge_is_read_when_somebody_asks() -> None:
    metrics = Metrics("1")
    sizes = {"smtp": 1.0, "pop3": 2.0}
    for door in ("smtp", "pop3"):
        metrics.show("sessions", "Open.", partial(sizes.__getitem__, door), door=door)
    sizes["smtp"] = 7
    assert metrics.registry.get_sample_value("bitrixmail_sessions", {"door": "smtp"}) == 7
    assert metrics.registry.get_sample_value("bitrixmail_sessions", {"door": "pop3"}) == 2
