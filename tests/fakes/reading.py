"""What somebody reads on a page, and what of it is English on one in Russian."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

# What is code, data that somebody typed, or of another language by its mark
_SKIPPED = frozenset({"code", "pre", "script", "style", "textarea", "svg", "template"})
_EMPTY = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr", "source", "col"})
# What stands within a sentence
_WITHIN = frozenset({"a", "abbr", "b", "strong", "em", "i", "small", "span", "code", "bdi"})
_SPOKEN = ("aria-label", "title", "alt", "placeholder")
# Names that are the same in any language
_NAMES = re.compile(
    r"https?://\S+|\S*[@/_=]\S*|\S+\.\w+\S*|\[+\w+\]*|\b(?:[A-Z]{2,}\d*|[A-Z][a-z]+-[A-Z][A-Za-z-]+|"
    r"[A-Za-z]+\d+|bitrixmail|OpenAPI|Prometheus|Grafana|Maildir|Twisted|Python|Postfix|Dovecot|"
    r"Bitrix|English|[KMG]iB|Inbox|Spam|Trash|Sent|Drafts|Message-ID|Received|From|Subject|"
    r"SQLite|Bcc|Cc|Mbox|systemd|resolv|trust-ad|smarthost|certbot|FreeOTP|Aegis|smtp|ssl|sendmail|crontab|Mailgun|SendGrid|Postal)\b"
)
_RUN = re.compile(r"[A-Za-z][A-Za-z'’]+(?:[\s,;:()«»“”\"–—-]+[A-Za-z][A-Za-z'’]*)+")
_WORD = re.compile(r"\b[a-z]{3,}\b")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = [""]
        self._open: list[tuple[str, bool]] = []

    def _break(self, tag: str) -> None:
        if tag not in _WITHIN and self.pieces[-1]:
            self.pieces.append("")

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        given = dict(attributes)
        hidden = tag in _SKIPPED or "data-typed" in given
        foreign = tag != "html" and given.get("lang") not in (None, "ru")
        skipped = hidden or foreign or self._skips
        if not skipped:
            spoken = [given.get(name) or "" for name in _SPOKEN]
            self.pieces[-1:-1] = [text for text in spoken if text]
        if tag not in _EMPTY:
            self._open.append((tag, skipped))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            name, _ = self._open.pop()
            if name == tag:
                break
        self._break(tag)

    def handle_data(self, data: str) -> None:
        self.pieces[-1] += " ¤ " if self._skips else data

    @property
    def _skips(self) -> bool:
        return bool(self._open) and self._open[-1][1]


def read(page: str) -> list[str]:
    """Return the sentences of a page as they are seen or spoken."""
    reader = _Reader()
    reader.feed(page)
    return [text for piece in reader.pieces if (text := " ".join(piece.split()))]


def english(page: str, named: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the sentences in which English stands: two words of it, or one in small letters.

    `named` are names of whatever the reader has himself named.
    """
    for text in read(page):
        rest = _NAMES.sub(lambda found: " ¤ ", text)
        rest = _WORD.sub(lambda found: "¤" if found[0] in named else found[0], rest)
        if _RUN.search(rest) or _WORD.search(rest):
            yield text
