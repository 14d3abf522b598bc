"""What went wrong, as programs read it: problem+json (RFC 9457) with every fault and its remedy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from bitrixmail.model.errors import (
    ChangedMeanwhileError,
    ExistsError,
    Fault,
    InputError,
    MailError,
    NotFoundError,
    TemporaryError,
)
from bitrixmail.model.text import printable

PROBLEM = "application/problem+json"
_MOST_FAULTS = 200
_MOST_TEXT = 2000
RETRY_S = 30


class ProblemError(Exception):
    """Ends a call. `headers` go with the answer."""

    def __init__(
        self,
        status: int,
        detail: str,
        faults: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Problem:
    """The body of every answer that is no success. `faults`: what is wrong where, and the remedy.

    `status` is that of HTTP, `title` its name; `detail` is a sentence for people.
    """

    status: int
    title: str
    detail: str
    type: str = "about:blank"
    faults: tuple[Fault, ...] = field(default=())


def written(error: ProblemError) -> bytes:
    """Write the body of a problem."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": printable(error.detail, _MOST_TEXT),
        "faults": [
            {
                "where": printable(fault.where, _MOST_TEXT),
                "what": printable(fault.what, _MOST_TEXT),
                "remedy": printable(fault.remedy, _MOST_TEXT),
            }
            for fault in error.faults[:_MOST_FAULTS]
        ],
    }
    return json.dumps(body).encode()


def problem_of(error: InputError | MailError) -> ProblemError:
    """Return what a use case has raised as a problem."""
    if isinstance(error, NotFoundError):
        return ProblemError(404, "There is no such thing.", error.faults)
    if isinstance(error, ExistsError):
        return ProblemError(409, "There is one already.", error.faults)
    if isinstance(error, ChangedMeanwhileError):
        return ProblemError(409, "Somebody else has changed it meanwhile.", error.faults)
    if isinstance(error, InputError):
        return ProblemError(422, "What was sent can't be used.", error.faults)
    if isinstance(error, TemporaryError):
        retry = {"Retry-After": str(RETRY_S)}
        return ProblemError(503, "The store does not answer now.", headers=retry)
    return ProblemError(422, str(error.reply))
