"""What a name server answers in place of an answer, in Russian; see `russian`."""

from __future__ import annotations

# How a name server says that it has none (RFC 1035 §4.1.1)
_CODES = ("SERVFAIL", "REFUSED", "FORMERR", "NOTIMP", "NOTAUTH", "NOTZONE")
# Within a list of several
ANSWER_PHRASES: tuple[tuple[str, str], ...] = (
    *((f" answers {code}", f" отвечает ошибкой {code}") for code in _CODES),
    (" can't be asked: ", " — не удалось спросить: "),
    (" takes no connection: ", " не принимает соединение: "),
)
ANSWER_SENTENCES: tuple[tuple[str, str], ...] = (
    *((f"{{}} answers {code}", f"{{}} отвечает ошибкой {code}") for code in _CODES),
    ("{} can't be asked: {}", "{} — не удалось спросить: {}"),
    ("{} takes no connection: {}", "{} не принимает соединение: {}"),
    ("{} sends what is no answer", "{} присылает не ответ"),
    ("{} hung up before it answered", "{} оборвал соединение, не ответив"),
    ("{} refuses", "{} отказывает"),
    ("its aliases lead in a circle, or over too many names",
     "псевдонимы ходят по кругу или их слишком много"),
    ("no name can be written so", "так имена не пишутся"),
)  # fmt: skip
