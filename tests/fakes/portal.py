"""A Bitrix24 portal as far as messages are handed over to it: it takes what the real one takes.

Parameters of methods are checked by their names and kinds, as the REST's documentation has them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.fakes.endpoint import Endpoint, Reply, Request

USER, CODE = 7, "c0de"
_LEAD = {
    "TITLE", "NAME", "COMMENTS", "SOURCE_ID", "SOURCE_DESCRIPTION", "ORIGINATOR_ID", "ORIGIN_ID",
    "EMAIL", "ASSIGNED_BY_ID", "CONTACT_ID", "COMPANY_ID", "PHONE", "OPENED",
}  # fmt: skip
_ACTIVITY = {
    "OWNER_TYPE_ID", "OWNER_ID", "TYPE_ID", "DIRECTION", "COMPLETED", "START_TIME", "END_TIME",
    "SUBJECT", "DESCRIPTION", "DESCRIPTION_TYPE", "ORIGINATOR_ID", "ORIGIN_ID", "COMMUNICATIONS",
    "RESPONSIBLE_ID", "FILES",
}  # fmt: skip
_TASK = {"TITLE", "DESCRIPTION", "RESPONSIBLE_ID", "XML_ID", "UF_CRM_TASK", "DEADLINE", "PRIORITY"}


class RefusedError(Exception):
    """What the portal answers instead of a result."""

    def __init__(self, status: int, code: str, text: str = "") -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


class Portal(Endpoint):
    """Made by a test. `contacts` are ids by address; `refusing` is raised by each method."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.contacts: dict[str, int] = {}
        self.companies: dict[str, int] = {}
        self.deals: list[dict[str, Any]] = []
        self.leads: list[dict[str, Any]] = []
        self.activities: list[dict[str, Any]] = []
        self.tasks: list[dict[str, Any]] = []
        self.words: list[dict[str, Any]] = []
        self.called: list[str] = []
        self.refusing: Callable[[str], RefusedError | None] = lambda _method: None
        # Whether an answer is lost on its way once something was made
        self.loses = False

    @property
    def webhook(self) -> str:
        return f"{self.url}rest/{USER}/{CODE}/"

    def _answer(self, request: Request) -> Reply | None:
        try:
            result = self._result(request)
        except RefusedError as error:
            told = {"error": error.code, "error_description": error.text}
            return Reply(error.status, json.dumps(told).encode())
        if self.loses and request.path.endswith(".add.json"):
            return None
        return Reply(200, json.dumps({"result": result, "time": {}}).encode())

    def _result(self, request: Request) -> Any:
        _, rest, user, code, name = request.path.split("/")
        assert (request.method, rest) == ("POST", "rest")
        if (user, code) != (str(USER), CODE):
            raise RefusedError(401, "INVALID_CREDENTIALS", "Invalid request credentials")
        assert request.headers["content-type"].startswith("application/json")
        method = name.removesuffix(".json")
        self.called.append(method)
        refused = self.refusing(method)
        if refused is not None:
            raise refused
        known = {
            "crm.duplicate.findbycomm": self._found,
            "crm.deal.list": self._deals,
            "crm.lead.list": lambda given: self._listed(self.leads, given),
            "crm.activity.list": lambda given: self._listed(self.activities, given),
            "crm.lead.add": lambda given: self._added(self.leads, given, _LEAD, "TITLE"),
            "crm.activity.add": self._activity,
            "tasks.task.list": self._task_list,
            "tasks.task.add": self._task,
            "im.message.add": self._word,
        }
        if method not in known:
            raise RefusedError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        return known[method](request.json)

    def _found(self, given: Any) -> Any:
        assert set(given) == {"type", "values", "entity_type"}
        assert given["type"] == "EMAIL"
        assert given["entity_type"] in {"LEAD", "CONTACT", "COMPANY"}
        assert 0 < len(given["values"]) <= 20
        by_kind = {"CONTACT": self.contacts, "COMPANY": self.companies}
        known = by_kind.get(given["entity_type"], {})
        ids = [known[value] for value in given["values"] if value in known]
        return {given["entity_type"]: ids} if ids else []

    @staticmethod
    def _listed(rows: list[dict[str, Any]], given: Any) -> Any:
        assert set(given) <= {"filter", "select", "order", "start"}
        return [
            {"ID": str(number)}
            for number, row in enumerate(rows, 1)
            if all(row.get(key) == value for key, value in given["filter"].items())
        ]

    def _deals(self, given: Any) -> Any:
        assert set(given["filter"]) in ({"CONTACT_ID", "CLOSED"}, {"COMPANY_ID", "CLOSED"})
        found = self._listed(self.deals, given)
        return found[::-1] if given.get("order") == {"ID": "DESC"} else found

    @staticmethod
    def _added(rows: list[dict[str, Any]], given: Any, known: set[str], needed: str) -> int:
        fields = given["fields"]
        for name, value in fields.items():
            assert name in known or name.startswith("UF_CRM_"), name
            if name in {"EMAIL", "PHONE"}:
                assert all(set(each) == {"VALUE", "VALUE_TYPE"} for each in value)
            else:
                assert isinstance(value, str | int), name
        if not fields.get(needed):
            raise RefusedError(400, "", f"Field {needed} is required")
        rows.append(fields)
        return len(rows)

    def _activity(self, given: Any) -> int:
        fields = given["fields"]
        assert set(fields) <= _ACTIVITY, set(fields) - _ACTIVITY
        for name in ("OWNER_ID", "OWNER_TYPE_ID", "TYPE_ID", "SUBJECT", "COMMUNICATIONS"):
            if not fields.get(name):
                raise RefusedError(400, "", f"The field {name} is required")
        assert fields["TYPE_ID"] == 4
        for each in fields["COMMUNICATIONS"]:
            assert set(each) == {"TYPE", "VALUE", "ENTITY_ID", "ENTITY_TYPE_ID"}
        for each in fields.get("FILES", ()):
            name, content = each["fileData"]
            assert name
            base64.b64decode(content, validate=True)
        self.activities.append(fields)
        return len(self.activities)

    def _task_list(self, given: Any) -> Any:
        rows = self._listed(self.tasks, given)
        return {"tasks": [{"id": row["ID"]} for row in rows]}

    def _task(self, given: Any) -> Any:
        fields = given["fields"]
        assert set(fields) <= _TASK, set(fields) - _TASK
        for name in ("TITLE", "RESPONSIBLE_ID"):
            if not fields.get(name):
                raise RefusedError(400, "ERROR_CORE", f"{name} is not given")
        self.tasks.append(fields)
        return {"task": {"id": str(len(self.tasks))}}

    def _word(self, given: Any) -> int:
        assert set(given) == {"DIALOG_ID", "MESSAGE"}
        self.words.append(given)
        return len(self.words)
