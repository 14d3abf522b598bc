"""Lists of the API page by page while mail comes in and goes: nothing is told twice or left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.caller import Caller
from tests.fakes.process import ServerProcess

INFO = "info@example.org"
HELD = [
    {
        "name": "Held",
        "condition": [{"field": "subject", "op": "starts_with", "value": "held"}],
        "action": [{"do": "quarantine"}],
    }
]


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    server = ServerProcess(tmp_path_factory.mktemp("lists"), web=True)
    server.configure("web", "calls_per_minute = 0")
    with server:
        caller = Caller.of(server)
        assert caller.post("/domains", {"name": "example.org"}).status == 201
        assert caller.post("/mailboxes", {"address": INFO}).status == 201
        assert caller.call("PUT", "/api/v1/rules", {"rule": HELD}).status == 200
        yield caller


def come(caller: Caller, subject: str) -> str:
    """Have a letter come in; return its id."""
    letter = {"from": INFO, "to": [INFO], "subject": subject, "text": "x"}
    sent = caller.post("/send", letter)
    assert sent.status == 202, sent.octets
    return str(sent.json["id"])


def walked(
    caller: Caller, path: str, change: Callable[[int, list[Any]], None], limit: int = 3
) -> list[Any]:
    """Read a list to its end; between the pages `change` gets the number and items of the last."""
    seen: list[Any] = []
    more, pages = f"{path}limit={limit}", 0
    while pages < 50:
        answered = caller.get(more)
        assert answered.status == 200, answered.octets
        page = answered.json
        seen += page["items"]
        if page["next"] is None:
            return seen
        change(pages, page["items"])
        more, pages = f"{path}limit={limit}&cursor={page['next']}", pages + 1
    raise AssertionError("it has no end")


@pytest.mark.parametrize(
    ("subject", "path"),
    [
        ("one", f"/messages?mailbox={INFO}&"),
        ("two", f"/messages?mailbox={INFO}&folder=INBOX&"),
        ("held", "/quarantine?"),
        ("held 2", f"/quarantine?mailbox={INFO}&"),
        ("three", "/search?q=subject:three&"),
    ],
)
def test_mail_comes_and_goes_between_the_pages(caller: Caller, subject: str, path: str) -> None:
    before = [come(caller, subject) for _ in range(11)]
    gone: list[str] = []

    def change(_number: int, items: list[Any]) -> None:
        come(caller, subject)
        come(caller, subject)
        # The last line of a page, and one that is still to come
        for queue_id in (items[-1]["queue_id"], before[0]):
            if queue_id not in gone:
                gone.append(queue_id)
                _remove(caller, queue_id)

    seen = [each["queue_id"] for each in walked(caller, path, change)]
    assert len(seen) == len(set(seen))
    # What came first was removed before its page came
    assert [each for each in seen if each in before] == before[:0:-1]
    assert before[0] not in seen


def _remove(caller: Caller, queue_id: str) -> None:
    if caller.post("/quarantine/delete", {"ids": [queue_id]}).status == 200:
        return
    for _ in range(2):  # from the folder to Trash, and from there
        caller.post("/places/delete", {"q": f"id:{queue_id}"})


def test_lines_that_are_cut_out_of_a_list_go_by_their_keys(caller: Caller) -> None:
    made = [
        caller.post("/tokens", {"name": f"token {number}", "rights": ["see"]}).json["shown"]["id"]
        for number in range(12)
    ]

    def change(number: int, items: list[Any]) -> None:
        if number:  # that of the caller is among the first
            caller.call("DELETE", f"/api/v1/tokens/{items[-1]['id']}")
        caller.call("DELETE", f"/api/v1/tokens/{made[-1]}")
        caller.post("/tokens", {"name": f"new {number}", "rights": ["see"]})

    seen = [each["id"] for each in walked(caller, "/tokens?", change)]
    assert seen == sorted(set(seen))
    assert set(made[:-1]) <= set(seen)
    assert made[-1] not in seen


def test_a_cursor_behind_a_rule_that_is_gone_is_a_fault(caller: Caller) -> None:
    rules = [{**HELD[0], "name": f"{number}"} for number in range(5)]
    assert caller.call("PUT", "/api/v1/rules", {"rule": rules}).status == 200
    cursor = caller.get("/rules/each?limit=2").json["next"]
    rest = caller.get(f"/rules/each?cursor={cursor}").json["items"]
    assert [each["rule"]["name"] for each in rest] == ["2", "3", "4"]
    assert caller.call("DELETE", "/api/v1/rules/each/1").status == 200
    refused = caller.get(f"/rules/each?cursor={cursor}")
    assert (refused.status, refused.json["faults"][0]["where"]) == (422, "query.cursor")
    assert caller.call("PUT", "/api/v1/rules", {"rule": HELD}).status == 200


@pytest.mark.parametrize(
    "path",
    [f"/messages?mailbox={INFO}&", "/quarantine?", "/tickets?", "/log?", "/audit?", "/queue?"],
)
def test_a_cursor_of_another_list_is_a_fault(caller: Caller, path: str) -> None:
    for cursor in ("IjUiIg", "Ii0xIg", "IjktOS05LTki", "Ijk5OTk5OTk5OTk5OTk5OTk5OTktMSI", "W10"):
        assert caller.get(f"{path}cursor={cursor}").status == 422, cursor


def test_what_is_only_read_is_not_kept_for_a_key(caller: Caller) -> None:
    sent = come(caller, "archived")
    found = caller.get(f"/search?q=id:{sent}").json["items"]
    chosen = {"places": [each["key"]["place_id"] for each in found]}
    key = {"Idempotency-Key": "an archive"}
    reader = caller.with_token(caller.token_for("see"))
    assert reader.post("/places/download", chosen, **key).status == 200
    # Kept, it would be answered with a fault: the key was used for something else
    assert reader.post("/places/download", {"places": [999_999]}, **key).status == 404


def test_what_is_sent_is_written_down_once(caller: Caller) -> None:
    letter = {"from": INFO, "to": [INFO], "cc": ["a@no.example"], "text": "x"}
    sent = [caller.post("/send", letter, **{"Idempotency-Key": "audited"}).json for _ in "ab"]
    assert [each["repeated"] for each in sent] == [False, True]
    raw = caller.call(
        "POST",
        f"/api/v1/send/raw?sender={INFO}&recipient={INFO}",
        f"From: {INFO}\r\nSubject: raw\r\n\r\nx\r\n".encode(),
        {"Content-Type": "message/rfc822"},
    ).json
    caller.post("/send", {**letter, "from": "nobody"})
    deeds = caller.get("/audit?what=message.send&limit=2").json["items"]
    assert [(each["target"], each["detail"]) for each in deeds[::-1]] == [
        (sent[0]["id"], "recipients: 2"),
        (raw["id"], "recipients: 1"),
    ]


def test_suppressions_are_read_a_page_at_a_time(caller: Caller) -> None:
    for name in "cab":
        caller.post("/suppressions", {"address": f"page-{name}@example.net"})
    found, cursor = [], ""
    while True:
        answer = caller.get(f"/suppressions?limit=2&cursor={cursor}").json
        found += [each["address"] for each in answer["items"]]
        assert len(answer["items"]) <= 2
        if not answer["next"]:
            break
        cursor = answer["next"]
    assert found == sorted(found)
    assert [each for each in found if each.startswith("page-")] == [
        f"page-{name}@example.net" for name in "abc"
    ]


def test_what_is_handed_out_or_kept_is_written_down(caller: Caller) -> None:
    queue_id = come(caller, "read")
    waiting = caller.post("/send", {"from": INFO, "to": ["a@no.example"], "text": "x"}).json["id"]
    assert caller.get(f"/messages/{queue_id}/raw").status == 200
    assert caller.get(f"/queue/{waiting}/raw").status == 200
    file = {"name": "a.txt", "content": "eA=="}
    letter = {"from": INFO, "to": [INFO], "subject": "file", "text": "x", "attachments": [file]}
    enclosing = caller.post("/send", letter).json["id"]
    assert caller.get(f"/messages/{enclosing}/files/0").octets == b"x"
    assert caller.call("PUT", "/api/v1/views/Mine", {"query": "is:unread"}).status == 200
    assert caller.call("DELETE", "/api/v1/views/Mine").status == 204
    deeds = [(each["what"], each["target"]) for each in caller.get("/audit?limit=6").json["items"]]
    assert deeds[::-1] == [
        ("message.download", queue_id),
        ("message.download", waiting),
        ("message.send", enclosing),
        ("message.file", enclosing),
        ("view.keep", "Mine"),
        ("view.drop", "Mine"),
    ]
