"""What extensions say of a message, as the rules ask for it.

Where messages come in nobody waits within the rules: what is not known yet is noted, the rules go
on as if the field were absent, and once the answers are there they are asked anew.
"""

from __future__ import annotations

from collections.abc import Callable

from bitrixmail.rules.letter import Letter

# An answer: the texts, or why there are none
Answer = tuple[str, ...] | LookupError
Ask = Callable[[str, Letter], tuple[str, ...]]
# A question: what is asked, and for which mailbox
Question = tuple[str, str]


class Foreign:
    """Made with the facts of a message where rules ask extensions, lives as long as they.

    `ask` answers at once, in the calling thread; None: questions are noted in `wanted`.
    """

    def __init__(self, ask: Ask | None = None) -> None:
        self.answers: dict[Question, Answer] = {}
        self.wanted: dict[Question, Letter] = {}
        self._ask = ask

    def texts(self, name: str, mailbox: str, letter: Callable[[], Letter]) -> tuple[str, ...]:
        """Return what a condition says; nothing if that is not known yet. Raises LookupError."""
        question = name, mailbox
        found = self.answers.get(question)
        if found is None and self._ask is not None:
            found = self.answers[question] = self._asked(name, letter())
        if found is None:
            if question not in self.wanted:
                self.wanted[question] = letter()
            return ()
        if isinstance(found, LookupError):
            raise LookupError(str(found))  # noqa: TRY004 - an answer, not a slip
        return found

    def _asked(self, name: str, letter: Letter) -> Answer:
        if self._ask is None:
            return LookupError("nobody can be asked")
        try:
            return self._ask(name, letter)
        except LookupError as error:
            return error
