"""What is done by a page and by the API needs the same right in both."""

from __future__ import annotations

import warnings

from bitrixmail.web.inventory import every_operation, every_route

# What pages do, and the operations that do the same
SAME = (
    ("/lists/add", "POST /suppressions"),
    ("/lists/lift", "DELETE /suppressions/{address}"),
    ("/lists/senders/put", "PUT /senders"),
    ("/lists/senders/remove", "DELETE /senders/{address}"),
    ("/lists/spam/thresholds", "PUT /spam/thresholds"),
    ("/lists/spam/forget", "POST /spam/forget"),
    ("/domains", "POST /domains"),
    ("/domains/<name>/catch-all", "PATCH /domains/{name}"),
    ("/domains/<name>/rotate", "POST /domains/{name}/keys"),
    ("/domains/<name>/remove", "DELETE /domains/{name}"),
    ("/mailboxes", "POST /mailboxes"),
    ("/mailboxes/<path:address>/change", "PATCH /mailboxes/{address}"),
    ("/mailboxes/<path:address>/password", "PUT /mailboxes/{address}/password"),
    ("/mailboxes/<path:address>/remove", "DELETE /mailboxes/{address}"),
    ("/mailboxes/<path:address>/grant", "POST /grants"),
    ("/mailboxes/<path:address>/revoke", "DELETE /grants/{mailbox}/{address}"),
    ("/mailboxes/aliases", "PUT /aliases/{address}"),
    ("/mailboxes/aliases/remove", "DELETE /aliases/{address}"),
    ("/messages/act", "POST /messages/{id}/train"),
    ("/quarantine/release", "POST /quarantine/release"),
    ("/quarantine/delete", "POST /quarantine/delete"),
    ("/queue/change", "POST /queue/hold"),
    ("/queue/change", "POST /queue/release"),
    ("/queue/change", "POST /queue/retry"),
    ("/queue/change", "POST /queue/delete"),
    ("/queue/change", "POST /queue/bounce"),
    ("/rules/edit", "PUT /rules"),
    ("/rules/import", "PUT /rules/file"),
    ("/rules/try", "POST /rules/test"),
    ("/rules/undo", "POST /rules/undo"),
    ("/rules/group", "PUT /rules/groups/{name}"),
    ("/tickets/<desk>/<number>/state", "PATCH /tickets/{number}"),
    ("/tickets/<desk>/<number>/delete", "DELETE /tickets/{number}"),
    ("/tickets/<desk>/<number>/reply", "POST /tickets/{number}/reply"),
    ("/tickets/<desk>/<number>/note", "POST /tickets/{number}/note"),
    ("/users", "POST /users"),
    ("/users/user/<name>/role", "PATCH /users/{name}"),
    ("/users/user/<name>/remove", "DELETE /users/{name}"),
    ("/users/user/<name>/end", "DELETE /users/{name}/sessions/{key}"),
    ("/users/tokens/remove", "DELETE /tokens/{id}"),
)


def test_a_page_and_the_api_ask_for_the_same_right() -> None:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of Twisted's own
        pages = {route.path: route.needs for route in every_route() if route.method == "POST"}
    calls = {f"{each.method} {each.path}": each.needs for each in every_operation()}
    differing = [
        f"{path}: {pages[path]}, {call}: {calls[call]}"
        for path, call in SAME
        if pages[path] != calls[call]
    ]
    assert not differing
