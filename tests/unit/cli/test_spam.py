"""spam, sender, quarantine: what the commands do, print and refuse."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Shell

HAM = (
    "From: Ann <ann@example.net>\r\nSubject: Lunch {0}\r\n\r\nShall we meet at noon, room {0}?\r\n"
)
SPAM = (
    "From: win@casino{0}.example\r\nSubject: FREE money {0}\r\n\r\n"
    "Cheap pills! Бесплатно: http://casino.example/{0}\r\n"
)
NEW = (
    b"From: x@casino7.example\r\nSubject: FREE pills\r\n\r\nCheap money http://casino.example/z\r\n"
)


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    """A Maildir of ham and a folder of spam, thirty each."""
    for number in range(30):
        for name, text in (("ham/cur", HAM), ("spam", SPAM)):
            folder = tmp_path / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number}.eml").write_bytes(text.format(number).encode())
    return tmp_path


def trained(shell: Shell, mail: Path) -> None:
    shell.out("spam", "train", "--all", "--ham", f"{mail}/ham", "--spam", f"{mail}/spam")


def test_it_learns_from_files_once_and_changes_its_mind(shell: Shell, mail: Path) -> None:
    words = ("spam", "train", "--all", "--ham", f"{mail}/ham", "--spam", f"{mail}/spam")
    assert shell.out(*words).splitlines() == [
        "ham: 30 learned, 0 known before, 0 were spam until now",
        "spam: 30 learned, 0 known before, 0 were ham until now",
    ]
    assert "30 known before" in shell.out(*words)
    assert shell.out("spam", "status").splitlines()[1].split()[:3] == ["(site)", "30", "30"]
    said = shell.out("spam", "train", "--all", "--spam", f"{mail}/ham")
    assert said == "spam: 0 learned, 0 known before, 30 were ham until now\n"
    assert shell.json("spam", "status")[0]["ham"] == 0
    shell.said("spam", "forget", "--yes")
    assert shell.json("spam", "status")[0]["tokens"] == 0


def test_what_it_is_sure_of_teaches_nothing(shell: Shell, mail: Path) -> None:
    told = shell.json("spam", "train", "--ham", f"{mail}/ham", "--spam", f"{mail}/spam")
    learned = told["ham"]["new"] + told["spam"]["new"]
    assert 40 <= learned < 60
    assert told["sure"] == 60 - learned
    assert min(told["ham"]["new"], told["spam"]["new"]) >= 20


def test_an_mbox_is_read_too(shell: Shell, tmp_path: Path) -> None:
    letters = "".join(f"From a Mon Jan  1 00:00:00 2024\n{HAM.format(n)}\n" for n in range(3))
    (tmp_path / "good.mbox").write_text(letters.replace("\r\n", "\n"))
    assert "ham: 3 learned" in shell.out("spam", "train", "--ham", f"{tmp_path}/good.mbox")


def test_show_tells_why(shell: Shell, mail: Path) -> None:
    queue_id = shell.deliver(NEW, "info@example.org")
    assert "too little was learned" in shell.out("spam", "show", queue_id)
    trained(shell, mail)
    (found,) = shell.json("spam", "show", queue_id)
    assert found["mailbox"] == "info@example.org"
    assert found["score"] > 99
    told = {each["token"]: each for each in found["tokens"]}
    assert told["subject:free"]["spam"] == 30
    assert told["url:casino.example"]["ham"] == 0
    shown = shell.out("spam", "show", queue_id).splitlines()
    assert shown[0].startswith("info@example.org: 9") or "100 of 100" in shown[0]
    assert shown[1].strip().startswith("check bayes: ")
    assert any(line.endswith("subject:free") for line in shown)
    shell.said("sender", "allow", "x@casino7.example")
    assert "check senders: 0, x@casino7.example is let in for all" in shell.out(
        "spam", "show", queue_id
    )


def test_show_tells_the_counts_that_made_a_weight(shell: Shell, mail: Path) -> None:
    queue_id = shell.deliver(NEW, "info@example.org")
    trained(shell, mail)
    assert "In its spam" not in shell.out("spam", "show", queue_id)
    # To this mailbox alone it is no spam
    own = ("spam", "train", "--all", "--mailbox", "info@example.org")
    shell.out(*own, "--ham", f"{mail}/spam", "--spam", f"{mail}/ham")
    (found,) = shell.json("spam", "show", queue_id, "--limit", "100")
    (free,) = [each for each in found["tokens"] if each["token"] == "subject:free"]
    assert (free["spam"], free["ham"]) == (30, 0)
    assert (free["own_spam"], free["own_ham"]) == (0, 30)
    assert free["weight"] < 0.1
    shown = shell.out("spam", "show", queue_id, "--limit", "100").splitlines()
    assert any(line.split()[:3] == ["Spam", "by", "it"] and "In its ham" in line for line in shown)
    (line,) = [each for each in shown if each.endswith(" subject:free")]
    assert line.split()[2:6] == ["30", "0", "0", "30"]


def test_thresholds_are_rules_that_can_be_seen(shell: Shell) -> None:
    done = shell.run("spam", "threshold", "--move", "90", "--reject", "99.5")
    assert done.stderr.splitlines() == [
        'rule "Spam: reject" is in force', 'rule "Spam: move" is in force',
    ]  # fmt: skip
    shell.out("spam", "threshold", "--quarantine", "95", "--mailbox", "info@example.org")
    assert shell.out("spam", "threshold").splitlines()[1:] == [
        "(all)             99.5        reject",
        "(all)             90          move",
        "info@example.org  95          quarantine",
    ]
    exported = shell.out("rules", "export")
    assert 'name = "Spam: quarantine for info@example.org"' in exported
    # A mailbox with thresholds of its own is left out of those for all
    assert exported.count('"envelope_recipient"') == 2
    shell.out("spam", "threshold", "--move", "off", "--reject", "off")
    assert [each["do"] for each in shell.json("spam", "threshold")] == ["quarantine"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("spam", "train"), "nothing to learn from"),
        (("spam", "train", "--ham", "/nowhere"), "/nowhere"),
        (("spam", "threshold", "--move", "high"), "is no score"),
        (("spam", "threshold", "--move", "0"), "is no score"),
        (("spam", "threshold", "--move", "0.00001"), "is no score"),
        (("spam", "threshold", "--move", "9", "--mailbox", "no@example.org"), "there is none"),
        (("spam", "import", "/dev/null"), "no words"),
        (("spam", "show", "NOTHING"), "no such message"),
        (("sender", "block", "bob"), "is not an address"),
        (("sender", "block", "b@c.de", "--for", "other.example"), "is no domain"),
        (("sender", "remove", "b@c.de"), "is not listed for all"),
        (("quarantine", "release", "NOTHING"), "is not in the quarantine"),
        (("quarantine", "release"), "name the messages"),
        (("quarantine", "delete", "--all", "--mailbox", "x"), "is not an address"),
    ],
)
def test_what_is_refused(shell: Shell, words: tuple[str, ...], told: str) -> None:
    done = shell.run(*words)
    assert done.exit_code >= os.EX_USAGE or done.exit_code == 2, done.stderr
    assert told in done.stderr


SQL = """
INSERT INTO `b_mail_spam_weight` (`WORD_ID`, `WORD_REAL`, `GOOD_CNT`, `BAD_CNT`, `TOTAL_CNT`)
VALUES ('0a', 'FREE', 1, 40, 41),('0b','free',2,30,32),('0c','Счёт',50,0,50),
('0d','O''Reilly',3,0,3),('0e','http',9,9,18);
"""
CSV = "WORD_ID;WORD_REAL;GOOD_CNT;BAD_CNT;TOTAL_CNT\n0a;FREE;1;40;41\n0c;Счёт;50;0;50\n"


@pytest.mark.parametrize(("text", "words"), [(SQL, 3), (CSV, 2)])
def test_old_counters_are_taken_once(shell: Shell, tmp_path: Path, text: str, words: int) -> None:
    file = tmp_path / "weights"
    file.write_text(text)
    said = shell.out("spam", "import", str(file))
    assert said == f"{words} words taken, as of 50 ham and 40 spam messages\n"
    assert "taken before" in shell.run("spam", "import", str(file)).stderr
    queue_id = shell.deliver("Subject: x\r\n\r\nfree счет\r\n".encode(), "info@example.org")
    (found,) = shell.json("spam", "show", queue_id)
    told = {each["token"]: (each["ham"], each["spam"]) for each in found["tokens"]}
    assert told["счет"] == (50, 0)
    assert told["free"][1] == 40


def test_senders_are_listed_and_removed(shell: Shell) -> None:
    said = shell.said("sender", "block", "@Shop.Example", "--days", "30", "--note", "ads")
    assert said.startswith("@shop.example is blocked for all until 20")
    assert "no rule asks for the score" in said
    shell.out("spam", "threshold", "--move", "90")
    assert shell.said("sender", "allow", "ann@shop.example", "--for", "info@example.org") == (
        "ann@shop.example is let in for info@example.org\n"
    )
    assert [
        (each["address"], each["allowed"], each["whose"]) for each in shell.json("sender", "list")
    ] == [("@shop.example", False, ""), ("ann@shop.example", True, "info@example.org")]
    said = shell.said("sender", "remove", "@shop.example")
    assert said == "@shop.example is no longer blocked for all\n"
    assert len(shell.json("sender", "list")) == 1


HOLD = """
[[rule]]
name = "hold"
order = 1
condition = [{field = "subject", op = "contains", value = "pills"}]
action = [{do = "quarantine"}]
[[rule]]
name = "forward"
order = 9
condition = [{field = "subject", op = "contains", value = "pills"}]
action = [{do = "tag", tag = "seen"}, {do = "move", folder = "Pills"},
  {do = "forward", to = "boss@example.com"}]
"""


def held(shell: Shell, tmp_path: Path, count: int = 1) -> list[str]:
    (tmp_path / "rules.toml").write_text(HOLD)
    shell.run("rules", "import", f"{tmp_path}/rules.toml")
    return [shell.deliver(NEW, "info@example.org", hour=n) for n in range(count)]


def test_what_is_held_is_let_go_and_learned(shell: Shell, tmp_path: Path) -> None:
    one, two = held(shell, tmp_path, 2)
    assert [each["queue_id"] for each in shell.json("quarantine", "list")] == [two, one]
    assert one in shell.out("quarantine", "show", one)
    assert shell.said("quarantine", "release", one) == "1 message let go\n"
    places = shell.json("message", "show", one)["places"]
    assert [place["folder"] for place in places] == ["INBOX"]
    assert shell.json("queue", "list") == []
    assert shell.json("spam", "status")[0]["ham"] == 1
    assert "give --yes" in shell.fails(os.EX_USAGE, "quarantine", "delete", "--all")[-1]
    assert shell.said("quarantine", "delete", "--all", "--yes") == "1 message removed\n"
    assert shell.json("quarantine", "list") == []


def test_with_act_the_rules_do_what_they_would_have_done(shell: Shell, tmp_path: Path) -> None:
    (one,) = held(shell, tmp_path)
    said = shell.said("quarantine", "release", "--all", "--yes", "--act", "--no-learn")
    assert said == "1 message let go\n"
    (place,) = shell.json("message", "show", one)["places"]
    assert (place["folder"], place["tags"]) == ("Pills", ["seen"])
    (job,) = shell.json("queue", "list")
    assert job["queue_id"] == one
    assert shell.json("spam", "status") == []
