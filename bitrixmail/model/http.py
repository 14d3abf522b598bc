"""What came of fetching a page."""

from __future__ import annotations

from dataclasses import dataclass


class FetchError(Exception):
    """There is no page: nobody answers, the certificate is wrong, it is too large or too slow."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page. `content_type` in lower case, without parameters."""

    status: int
    content_type: str
    body: bytes
