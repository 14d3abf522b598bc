"""queue, suppression and route: what waits to be sent, and who gets nothing."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.model.job import JobState, Kind, Result, Settlement
from bitrixmail.model.orders import job_of
from bitrixmail.model.plan import Plan
from bitrixmail.model.queue import Wanted
from bitrixmail.model.work import Work
from bitrixmail.store.opening import done, inline_stores
from tests.fakes.jobs import make_attempt, make_job, make_letter, make_work
from tests.unit.cli.conftest import Shell

LATER = "450 4.2.0 Try \x1b[31mlater"


@pytest.fixture
def waiting(shell: Shell) -> Shell:
    """A queue with two messages: Q1 to two recipients, one of them tried, and Q2."""
    now = datetime.now(UTC)
    url = f"sqlite:///{shell.data_dir}/bitrixmail.sqlite"
    with inline_stores(url, shell.data_dir, cast("IReactorTime", Clock())) as stores:
        jobs = [make_job("bob@example.com", at=now), make_job("eve@example.net", at=now)]
        done(stores.messages.append(make_letter("Q1", *jobs)))
        done(stores.messages.append(make_letter("Q2", make_job("ann@example.com", at=now))))
        wanted = [Wanted(Kind.REMOTE, "example.com", 1)]
        (job,) = done(stores.jobs.lease("s", now + timedelta(hours=1), wanted, now))
        attempt = make_attempt(Result.DEFERRED, LATER)
        again = Settlement(job, JobState.WAITING, attempt, now + timedelta(minutes=5))
        done(stores.jobs.settle([again]))
    return shell


def test_what_waits_is_listed(waiting: Shell) -> None:
    listed = waiting.json("queue", "list")
    assert [(job["queue_id"], job["recipient"], job["state"]) for job in listed] == [
        ("Q1", "bob@example.com", "waiting"),
        ("Q1", "eve@example.net", "waiting"),
        ("Q2", "ann@example.com", "waiting"),
    ]
    assert listed[0]["last"]["result"] == "deferred"
    text = waiting.out("queue", "list", "--domain", "example.com", "Q1")
    assert "bob@example.com" in text
    assert "ann@example.com" not in text
    assert "450 4.2.0 Try" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("words", "recipients"),
    [
        (["--sender", "ann@example.net"], 3),
        (["--sender", "nobody@example.net"], 0),
        (["--recipient", "EVE@example.net"], 1),
        (["--older", "1h"], 3),
        (["--state", "held"], 0),
        (["1", "3"], 2),
        (["q2"], 1),
    ],
)
def test_it_is_searched(waiting: Shell, words: list[str], recipients: int) -> None:
    assert len(waiting.json("queue", "list", *words)) == recipients


def test_mailq_looks_as_programs_expect(waiting: Shell) -> None:
    text = waiting.out("queue", "list", "--mailq")
    assert text.splitlines()[0].startswith("-Queue ID-")
    assert text.splitlines()[-1] == "-- 0 Kbytes in 2 Requests."
    waiting.said("queue", "delete", "--all", "--yes")
    assert waiting.out("queue", "list", "--mailq") == "Mail queue is empty\n"


def test_a_job_is_shown_with_its_attempts(waiting: Shell) -> None:
    text = waiting.out("queue", "show", "Q1")
    assert "deferred by mx.example.com[192.0.2.25]: 450 4.2.0 Try" in text
    assert "not tried yet" in text
    assert "  why: trouble at the host\n" in text
    assert re.search(
        r"next: tried again \S+Z \(in 4 min\); given up \S+ \(in 4 d 23 h\), then", text
    )
    assert "to do: nothing: the other server has trouble of its own" in text
    assert re.search(r"next: due since \d s: a running server sends it", text)
    text = waiting.out("queue", "show", "Q2")
    assert re.search(
        r"waits for example.com, tried with another message, last \S+: 450 4.2.0", text
    )
    assert "as others: 450 4.2.0" in waiting.out("queue", "list")
    waiting.said("queue", "hold", "1")
    text = waiting.out("queue", "show", "1")
    assert "next: nothing, until: bitrixmail queue release 1\n" in text
    assert "to do" not in text
    assert "\x1b" not in text
    shown = waiting.json("queue", "show", "3")
    assert [story["job"]["recipient"] for story in shown] == ["ann@example.com"]
    (line,) = waiting.fails(os.EX_NOINPUT, "queue", "show", "Q9")
    assert "is in no queue" in line


def test_it_is_said_when_a_host_that_is_down_is_asked_again(shell: Shell) -> None:
    now = datetime.now(UTC)
    url = f"sqlite:///{shell.data_dir}/bitrixmail.sqlite"
    with inline_stores(url, shell.data_dir, cast("IReactorTime", Clock())) as stores:
        for number in (1, 2):
            job = replace(make_job(at=now), destination="route:relay")
            done(stores.messages.append(make_letter(f"Q{number}", job)))

        def fail(ago: timedelta) -> None:
            wanted = [Wanted(Kind.REMOTE, "route:relay", 1)]
            (job,) = done(stores.jobs.lease("s", now + timedelta(hours=1), wanted, now))
            attempt = replace(make_attempt(Result.DEFERRED, "refused"), at=now - ago)
            done(stores.jobs.settle([Settlement(job, JobState.WAITING, attempt, now)]))

        fail(timedelta(minutes=3))
        fail(timedelta(minutes=2))
        again = r"asked again by \S+Z \(in 2 min\), or at once after bitrixmail queue retry"
        assert re.search(
            rf"next: waits for the route relay, tried with another message, last \S+: refused; {again}"
            " 2; given up",
            shell.out("queue", "show", "2"),
        )
        assert re.search(
            rf"next: waits for the route relay, {again} 1; given up",
            shell.out("queue", "show", "1"),
        )
        fail(timedelta(seconds=1))
    assert "(in 14 min), or at once" in shell.out("queue", "show", "1")


def test_jobs_are_held_released_tried_and_deleted(waiting: Shell) -> None:
    assert waiting.said("queue", "hold", "--domain", "example.com") == "2 jobs are held\n"
    assert len(waiting.json("queue", "list", "--state", "held")) == 2
    assert waiting.said("queue", "release", "Q2") == "1 job is released\n"
    assert waiting.said("queue", "retry", "--all", "--dry-run") == "2 jobs are meant\n"
    assert waiting.said("queue", "retry", "--all") == "2 jobs are tried at once\n"
    (line,) = waiting.fails(os.EX_USAGE, "queue", "delete", "Q2")[-1:]
    assert "1 job is meant: to do it give --yes" in line
    assert "Delete 1 job for good" in waiting.run("queue", "delete", "Q2", stdin="n\n").stderr
    assert len(waiting.json("queue", "list")) == 3
    assert waiting.said("queue", "delete", "Q2", "--yes") == "1 job is deleted\n"
    assert len(waiting.json("queue", "list")) == 2


def test_jobs_are_given_up_and_their_sender_is_told(waiting: Shell) -> None:
    shell = waiting
    shell.said("queue", "hold", "--recipient", "eve@example.net")
    meant = shell.json("queue", "bounce", "q1", "--dry-run")
    assert meant == {"meant": 2}
    assert "Give up 2 jobs" in shell.run("queue", "bounce", "Q1", stdin="n\n").stderr
    assert shell.json("queue", "bounce", "Q1", "--yes") == {"changed": 2}
    # nobody is written to again because everything was to be tried
    assert shell.json("queue", "retry", "--recipient", "eve@example.net") == {"changed": 0}
    dead = shell.json("queue", "list", "--state", "dead")
    assert [(job["recipient"], job["last"]["reply"]) for job in dead] == [
        ("bob@example.com", "Given up by hand"),
        ("eve@example.net", "Given up by hand"),
    ]
    (notice,) = shell.json("queue", "list", "--recipient", "ann@example.net")
    assert notice["sender"] == ""
    text = shell.out("queue", "export", notice["queue_id"])
    assert "Final-Recipient: rfc822; bob@example.com" in text
    assert "Final-Recipient: rfc822; eve@example.net" in text
    assert "administrator has stopped the delivery" in text.replace("=\n", "")
    assert shell.json("suppression", "list") == []
    assert shell.said("queue", "bounce", "--all", "--yes") == "2 jobs are given up\n"
    # The notice of the last one stays: it came meanwhile
    assert [job["sender"] for job in shell.json("queue", "list")] == [""]


def test_a_notice_of_what_was_given_up_goes_by_its_route(waiting: Shell) -> None:
    waiting.said("--set", "outbound.smarthost=relay.example", "queue", "bounce", "Q1", "--yes")
    (notice,) = waiting.json("queue", "list", "--recipient", "ann@example.net")
    assert notice["destination"] == "route:smarthost"


@pytest.mark.parametrize("command", ["hold", "release", "retry", "bounce", "delete"])
def test_nothing_is_changed_that_was_not_named(waiting: Shell, command: str) -> None:
    (line,) = waiting.fails(os.EX_DATAERR, "queue", command)
    assert "says of no job" in line
    assert "--all" in line


def test_ages_and_the_message_itself(waiting: Shell) -> None:
    assert [(row["destination"], row["total"]) for row in waiting.json("queue", "ages")] == [
        ("example.com", 2),
        ("example.net", 1),
    ]
    text = waiting.out("queue", "export", "Q1")
    assert text.startswith("Received: from mx.example.net")
    file = waiting.home / "letter.eml"
    waiting.said("queue", "export", "Q1", "-o", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().splitlines() == text.splitlines()


def test_addresses_are_suppressed_and_lifted(shell: Shell) -> None:
    shell.said("suppression", "add", "Bob@example.com", "--days", "9", "--note", "asked us to")
    (entry,) = shell.json("suppression", "list")
    assert (entry["address"], entry["reason"]) == ("bob@example.com", "by hand")
    assert "asked us to" in shell.out("suppression", "list")
    shell.said("suppression", "remove", "bob@EXAMPLE.com")
    assert shell.json("suppression", "list") == []
    (line,) = shell.fails(os.EX_NOUSER, "suppression", "remove", "bob@example.com")
    assert "is not suppressed" in line
    for name in ("a@x.example", "b@x.example", "c@xx.example", "d@y.example", "e@y.example"):
        shell.said("suppression", "add", name)
    shell.said("suppression", "remove", "d@y.example", "e@y.example")
    shell.said("suppression", "remove", "--domain", "X.example")
    assert [entry["address"] for entry in shell.json("suppression", "list")] == ["c@xx.example"]
    assert "no address of" in shell.said("suppression", "remove", "--domain", "X.example")
    shell.fails(os.EX_USAGE, "suppression", "remove")


def test_where_mail_goes(shell: Shell) -> None:
    *found, foreign = shell.json("route", "abuse@example.org", "shop@example.org", "bob@x.example")
    assert found == [
        {
            "address": "abuse@example.org",
            "kind": "local",
            "mailboxes": [{"address": "postmaster@example.org", "folder": "INBOX"}],
        },
        {
            "address": "shop@example.org",
            "kind": "local",
            "mailboxes": [{"address": "shop@example.org", "folder": "INBOX"}],
        },
    ]
    assert (foreign["kind"], foreign["mailboxes"]) == ("foreign", [])
    done_ = shell.run("route", "nobody@example.org")
    assert (done_.exit_code, done_.stdout) == (
        os.EX_NOUSER,
        "nobody@example.org: no such mailbox here\n",
    )


def test_a_trace_leads_to_what_comes_next(waiting: Shell) -> None:
    done = waiting.run("trace", "Q1")
    (line,) = [line for line in done.stdout.splitlines() if "  deferred  " in line]
    assert "  deferred  Q1  bob@example.com  by mx.example.com[192.0.2.25]: 450 4.2.0 Try" in line
    assert "bitrixmail queue show Q1" in done.stderr


@pytest.fixture
def acting(waiting: Shell) -> Shell:
    """The same queue with two commands: Q3's was given up, Q4's waits."""
    now = datetime.now(UTC)
    url = f"sqlite:///{waiting.data_dir}/bitrixmail.sqlite"
    with inline_stores(url, waiting.data_dir, cast("IReactorTime", Clock())) as stores:
        done(stores.messages.append(make_letter("Q3", make_work(now))))
        wanted = [Wanted(Kind.COMMAND, "order", 1)]
        (job,) = done(stores.jobs.lease("s", now + timedelta(hours=1), wanted, now))
        attempt = replace(make_attempt(Result.FAILED, "exit code 77: no such order"), host="",
                          address="", tls="")  # fmt: skip
        done(stores.jobs.settle([Settlement(job, JobState.DEAD, attempt)]))
        done(stores.messages.append(make_letter("Q4", make_work(now))))
    return waiting


def test_actions_are_listed_beside_mail_and_by_themselves(acting: Shell) -> None:
    listed = acting.json("queue", "list", "--actions")
    assert [(job["queue_id"], job["kind"], job["action"], job["rule"]) for job in listed] == [
        ("Q4", "command", "command", "Orders")
    ]
    (dead,) = acting.json("queue", "list", "--dead", "--actions")
    assert (dead["queue_id"], dead["state"], dead["destination"]) == ("Q3", "dead", "order")
    everything = acting.out("queue", "list")
    assert "command: order" in everything
    assert "bob@example.com" in everything
    assert len(acting.json("queue", "list", "--dead")) == 1


def test_a_forward_says_to_whom(waiting: Shell) -> None:
    now = datetime.now(UTC)
    targets = "bob@one.example, eve@two.example"
    work = Work("forward", "Copies", 1, own=True, argument=targets)
    job = job_of("forward:1", work, Plan(), "ann@example.net", "ann@example.net", now)
    url = f"sqlite:///{waiting.data_dir}/bitrixmail.sqlite"
    with inline_stores(url, waiting.data_dir, cast("IReactorTime", Clock())) as stores:
        done(stores.messages.append(make_letter("Q5", job)))
    assert waiting.json("queue", "list", "--actions")[0]["target"] == targets
    assert f"forward: {targets}"[:39] in waiting.out("queue", "list", "--actions")


def test_the_story_of_an_action_says_what_rule_wants_it_and_what_can_be_done(acting: Shell) -> None:
    told = acting.out("queue", "show", "Q3")
    assert 'to be done: command: order, as the rule "Orders" wants it' in told
    assert "it is given up, nobody is told; to try anew: bitrixmail queue retry" in told
    assert "failed: exit code 77: no such order" in told
    assert "to do: read what it says, mend that, and have it done at once" in told
    waits = acting.out("queue", "show", "Q4")
    assert "a running server does it as soon as it can; given up" in waits
    assert "then it is listed by: bitrixmail queue list --dead" in waits


def test_what_was_given_up_is_done_anew(acting: Shell) -> None:
    assert acting.said("queue", "retry", "--dead", "--actions") == "1 job is tried at once\n"
    assert len(acting.json("queue", "list", "--actions")) == 2


def test_actions_are_removed_without_touching_mail(acting: Shell) -> None:
    assert acting.said("queue", "delete", "--actions", "--yes") == "2 jobs are deleted\n"
    assert len(acting.json("queue", "list")) == 3
