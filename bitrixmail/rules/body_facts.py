"""What rules know of the content behind the header section: its text and its attachments."""

from __future__ import annotations

from collections.abc import Callable

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.language import language_of
from bitrixmail.mime.parts import Body, parse_body


class BodyReader:
    """Reads the parts of one message when first asked, once. Made with its first Facts."""

    __slots__ = ("_body", "_headers", "octets")

    def __init__(self, headers: HeaderSection, octets: bytes | None) -> None:
        self._headers = headers
        self.octets = octets
        self._body: Body | None = None

    @property
    def body(self) -> Body:
        """The body, read. Raises LookupError if the content is not at hand.

        Nothing is said of a body nobody has seen: a test that finds nothing in it may throw a
        message away.
        """
        if self._body is None:
            if self.octets is None:
                raise LookupError("the content of the message is not at hand")
            self._body = parse_body(self.octets, self._headers)
        return self._body

    def texts(self, field: str) -> tuple[str, ...]:
        """Return the texts of a field that `BODY_TEXTS` knows."""
        return BODY_TEXTS[field](self.body)

    def sizes(self) -> tuple[int, ...]:
        """Return the size of each attachment, decoded, in octets."""
        return tuple(each.size_octets for each in self.body.attachments)


def _body(body: Body) -> tuple[str, ...]:
    return (body.text,) if body.text.strip() else ()


def _language(body: Body) -> tuple[str, ...]:
    language = language_of(body.text)
    return (language,) if language else ()


BODY_TEXTS: dict[str, Callable[[Body], tuple[str, ...]]] = {
    "body": _body,
    "attachment_name": lambda body: tuple(each.name for each in body.attachments if each.name),
    "attachment_type": lambda body: tuple(each.type for each in body.attachments if each.type),
    "language": _language,
    "charset": lambda body: (body.charset,) if body.charset and body.text.strip() else (),
}
