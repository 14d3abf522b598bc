"""What the API can do, as a page for people and as a document for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bitrixmail.web.api.examples import example_of
from bitrixmail.web.visit import Download, Page, Reply, Route, Visit
from bitrixmail.web.words.api import in_russian, subject_in_russian

_NAMED = {
    "name": "example.org",
    "address": "info@example.org",
    "mailbox": "info@example.org",
    "number": "17",
    "key": "KEY",
}


@dataclass(frozen=True, slots=True)
class _Described:
    """An operation as the page shows it."""

    method: str
    path: str
    anchor: str
    summary: str
    about: str
    right: str
    query: tuple[Mapping[str, Any], ...]
    body: str
    answer: str
    statuses: tuple[tuple[str, str], ...]
    curl: str


class ApiPages:
    """Made by the site map with the OpenAPI document, lives as long as it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._octets = json.dumps(document, ensure_ascii=False).encode()
        groups: dict[str, list[_Described]] = {}
        for path, methods in document["paths"].items():
            for method, each in methods.items():
                groups.setdefault(each["tags"][0], []).append(self._described(path, method, each))
        self._groups = groups

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/api/docs", self.show)
        yield Route("GET", "/api/openapi.json", self.openapi, needs=None)

    async def show(self, visit: Visit) -> Reply:
        """Show every operation with an example."""
        scheme = "https" if visit.secure else "http"
        russian = visit.language == "ru"
        context = {
            "groups": self._groups,
            "base": f"{scheme}://{visit.host}",
            "say": in_russian if russian else str,
            "subject": subject_in_russian if russian else str,
        }
        return Page("api.html", context)

    async def openapi(self, visit: Visit) -> Reply:  # noqa: ARG002 - every page is handed one
        """Give the document."""
        return Download(self._octets, "application/json")

    def _described(self, path: str, method: str, each: Mapping[str, Any]) -> _Described:
        needs = each["security"]
        right = needs[0]["token"][0] if needs else ""
        body, sent = self._body(each)
        return _Described(
            method=method.upper(),
            path=path,
            anchor=each["operationId"],
            summary=each["summary"],
            about=each["description"].partition("Needs the right")[0].strip(),
            right=right,
            query=tuple(found for found in each["parameters"] if found["in"] == "query"),
            body=body,
            answer=self._answer(each),
            statuses=tuple(
                (code, found["description"]) for code, found in each["responses"].items()
            ),
            curl=_curl(method.upper(), path, right, sent, each),
        )

    def _body(self, each: Mapping[str, Any]) -> tuple[str, str]:
        """Return the body as people read it, and the options of curl that send one."""
        content = each.get("requestBody", {}).get("content", {})
        for kind, media in content.items():
            if "schema" not in media:
                return kind, f" \\\n  -H 'Content-Type: {kind}' --data-binary @FILE"
            example = example_of(media["schema"], self._document["components"]["schemas"])
            text = json.dumps(example, ensure_ascii=False)
            return (
                json.dumps(example, ensure_ascii=False, indent=2),
                f" \\\n  -H 'Content-Type: {kind}' -d '{text}'",
            )
        return "", ""

    def _answer(self, each: Mapping[str, Any]) -> str:
        for code, found in each["responses"].items():
            if code.startswith("2"):
                for kind, media in found.get("content", {}).items():
                    if "schema" not in media:
                        return str(kind)
                    example = example_of(media["schema"], self._document["components"]["schemas"])
                    return json.dumps(example, ensure_ascii=False, indent=2)
        return ""


def _curl(method: str, path: str, right: str, sent: str, each: Mapping[str, Any]) -> str:
    for name, value in _NAMED.items():
        path = path.replace("{" + name + "}", value)
    path = path.replace("{id}", "ID")
    asked = "&".join(
        f"{found['name']}={_NAMED.get(found['name'], '…')}"
        for found in each["parameters"]
        if found["in"] == "query" and found["required"]
    )
    verb = "" if method == "GET" else f" -X {method}"
    token = ' \\\n  -H "Authorization: Bearer $TOKEN"' if right else ""
    return f"curl{verb} '$BASE{path}{'?' + asked if asked else ''}'{token}{sent}".replace(
        "'$BASE", '"$BASE"\''
    )
