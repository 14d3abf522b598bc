"""The texts of one field in the forms that tests compare."""

from __future__ import annotations

import unicodedata

from zope.interface import implementer

from bitrixmail.interfaces.rules import IValues
from bitrixmail.model.text import printable

_SHOWN = 80


def fold(text: str) -> str:
    """Fold text so that letters compare equal whatever their case: NFC and Unicode folding."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def compose(text: str) -> str:
    """Return the text with its letters composed (NFC), case kept."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


@implementer(IValues)
class Values:
    """The texts of one field, in the forms that tests ask for. Made by Facts, lives as long.

    `texts` are the ones compared, `whole` the ones shown to people. `behind` are values whose
    texts follow and whose forms are not made again. `lines` tells that the texts may have several,
    `lasting` that other messages will have this very object: an answer about it is worth keeping.
    """

    __slots__ = (
        "_behind", "_exact", "_folded", "_lines", "_own", "_shown", "lasting", "texts", "whole",
    )  # fmt: skip

    def __init__(
        self,
        texts: tuple[str, ...],
        whole: tuple[str, ...] | None = None,
        behind: Values | None = None,
        *,
        lines: bool = False,
    ) -> None:
        self.lasting = False
        self._own = texts
        self._behind = behind
        self._lines = lines
        self.texts: tuple[str, ...] = texts if behind is None else texts + behind.texts
        self.whole = texts if whole is None else whole
        self._exact: tuple[str, ...] | None = None
        self._folded: tuple[str, ...] | None = None
        self._shown: str | None = None

    @property
    def shown(self) -> str:
        """The field on one line for the trace, printable and cut."""
        shown = self._shown
        if shown is None:
            whole = self.whole
            text = whole[0] if len(whole) == 1 else " | ".join(whole[:_SHOWN])
            shown = self._shown = self._printed(text)
        return shown

    def forms(self, exact: bool) -> tuple[str, ...]:
        """Return the texts ready to be compared, one for each of `texts`. See IValues."""
        forms = self._exact if exact else self._folded
        if forms is not None:
            return forms
        texts = self._own
        if self._lines:
            texts = tuple(" ".join(text.split()) for text in texts)
        forms = tuple(map(compose if exact else fold, texts))
        if self._behind is not None:
            forms += self._behind.forms(exact)
        if exact:
            self._exact = forms
        else:
            self._folded = forms
        return forms

    def written(self) -> tuple[str, ...]:
        """See IValues."""
        if not self._lines and self._behind is None:
            return self.forms(exact=True)
        own = tuple(map(compose, self._own))
        return own if self._behind is None else own + self._behind.written()

    def show(self, index: int, position: int = 0) -> str:
        """See IValues. Folding may move a position by a letter or two, which is near enough."""
        text = self.texts[index]
        if position <= _SHOWN // 2 or len(text) <= _SHOWN:
            return self._printed(text)
        text = self.forms(exact=True)[index]
        start = max(0, min(position - _SHOWN // 4, len(text) - _SHOWN + 1))
        return printable(f"…{text[start : start + 2 * _SHOWN]}", _SHOWN)

    def _printed(self, text: str) -> str:
        """Return the start of a text on one line."""
        if self._lines:
            text = " ".join(text[: 4 * _SHOWN].split())
        return printable(text, _SHOWN)


def lasting(values: Values) -> Values:
    """Mark values that are short and that other messages will have too."""
    values.lasting = True
    return values


NOTHING = lasting(Values(()))


def number_text(number: float) -> str:
    """Write a number as people see it."""
    return f"{number}".removesuffix(".0")
