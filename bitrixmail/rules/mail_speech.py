"""Actions that make mail of mail, in English and in Russian."""

from __future__ import annotations

from bitrixmail.model.rule import Action
from bitrixmail.model.text import printable
from bitrixmail.rules.speech import age_of, shown

_QUOTES = ('""', "«»")
# After 1, after 2 to 4 and after others
_UNITS = (
    {
        "s": ("second", "seconds", "seconds"),
        "m": ("minute", "minutes", "minutes"),
        "h": ("hour", "hours", "hours"),
        "d": ("day", "days", "days"),
        "w": ("week", "weeks", "weeks"),
    },
    {
        "s": ("секунду", "секунды", "секунд"),
        "m": ("минуту", "минуты", "минут"),
        "h": ("час", "часа", "часов"),
        "d": ("день", "дня", "дней"),
        "w": ("неделю", "недели", "недель"),
    },
)


def _to(action: Action, language: int) -> str:
    found = [shown(each, _QUOTES[language]) for each in action.argument.split(", ")]
    return ", ".join(found)


def _reply(action: Action, language: int) -> str:
    given = dict(action.settings)
    english, russian = ["answer its sender by itself"], ["ответить отправителю автоматически"]
    subject = given.get("subject")
    if subject:
        english.append(f"under the subject {shown(str(subject), _QUOTES[0])}")
        russian.append(f"с темой {shown(str(subject), _QUOTES[1])}")
    for name, before, since in (("starts", "from", "с"), ("ends", "until", "по")):
        if name in given:
            english.append(f"{before} {given[name]}")
            russian.append(f"{since} {given[name]}")
    every = str(given.get("once_per", "7d"))
    english.append(f"once in {_age(every, 0)}")
    russian.append(f"не чаще раза в {_age(every, 1)}")
    return " ".join((english, russian)[language])


def _age(text: str, language: int) -> str:
    found = age_of(text)
    if found is None:
        return printable(text)
    number, unit = found
    one, few, many = _UNITS[language][unit]
    if language == 0:
        return f"{number} {one if number == 1 else many}"
    if number % 10 == 1 and number % 100 != 11:
        return f"{number} {one}"
    is_few = number % 10 in {2, 3, 4} and number % 100 not in {12, 13, 14}
    return f"{number} {few if is_few else many}"


def mail_action(action: Action, language: int) -> str:
    """Say what an action does, 0 in English, 1 in Russian; empty if it is none of these."""
    match action.do:
        case "forward":
            said = ("forward it to", "переслать на")[language]
        case "redirect":
            english, russian = "pass it on, its sender as it is, to", "перенаправить, не меняя"
            said = (english, f"{russian} отправителя, на")[language]
        case "reply":
            return _reply(action, language)
        case "notify":
            said = ("send a notice of it to", "сообщить о нём на")[language]
        case _:
            return ""
    return f"{said} {_to(action, language)}"
