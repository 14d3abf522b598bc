"""The page of the API is whole in Russian too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bitrixmail.web.words.api import NOTES, PARAMETERS, STATUSES, SUBJECTS
from bitrixmail.web.words.api_summaries import SUMMARIES

_DOCUMENT = Path(__file__).parents[3] / "docs" / "openapi.json"


def _about(operation: Any) -> str:
    about: str = operation["description"].partition("Needs the right")[0]
    return " ".join(about.split())


def test_all_that_the_page_of_the_api_says_has_its_russian() -> None:
    paths = json.loads(_DOCUMENT.read_text())["paths"]
    operations = [each for methods in paths.values() for each in methods.values()]
    assert {each["summary"] for each in operations} == set(SUMMARIES)
    assert {tag for each in operations for tag in each["tags"]} == set(SUBJECTS)
    assert {_about(each) for each in operations} - {""} == set(NOTES)
    answers = [answer for each in operations for answer in each["responses"].values()]
    assert {answer["description"] for answer in answers} == set(STATUSES)
    asked = [found for each in operations for found in each["parameters"] if found["in"] == "query"]
    assert {found.get("description", "") for found in asked} - {""} == set(PARAMETERS)
