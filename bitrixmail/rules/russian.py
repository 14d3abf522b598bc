"""Rules in Russian."""

from __future__ import annotations

from collections.abc import Sequence

from bitrixmail.model.rule import Action, Rule, Test
from bitrixmail.model.text import printable
from bitrixmail.rules import hook_sentences, outside_desk
from bitrixmail.rules.mail_speech import mail_action
from bitrixmail.rules.speech import Speech, Words, age_of, shown, values_of

_QUOTES = "«»"
# A field in the nominative and in the genitive, and what none of its texts is called.
_SUBJECTS: dict[str, tuple[str, str, str]] = {
    "sender": ("отправитель", "отправителя", "ни один отправитель"),
    "recipient": ("получатель", "получателя", "ни один получатель"),
    "from": ("поле From", "поля From", ""),
    "reply_to": ("поле Reply-To", "поля Reply-To", ""),
    "to": ("поле To", "поля To", ""),
    "cc": ("поле Cc", "поля Cc", ""),
    "envelope_sender": ("отправитель конверта", "отправителя конверта", ""),
    "envelope_recipient": ("получатель конверта", "получателя конверта", ""),
    "subject": ("тема", "темы", ""),
    "body": ("текст письма", "текста письма", ""),
    "headers": ("поле заголовка", "полей заголовка", "ни одно поле заголовка"),
    "message": ("письмо", "содержимого", ""),
    "attachment_name": ("имя вложения", "вложения с именем", "ни одно имя вложения"),
    "attachment_type": ("тип вложения", "вложения", "ни один тип вложения"),
    "attachment_size": ("размер вложения", "вложения", "ни один размер вложения"),
    "attachment_count": ("число вложений", "числа вложений", ""),
    "list_id": ("имя рассылки", "имени рассылки", ""),
    "language": ("язык письма", "языка письма", ""),
    "charset": ("кодировка", "кодировки", ""),
    "folder": ("папка", "папки", ""),
    "tag": ("метка", "меток", "ни одна метка"),
    "flag": ("флаг", "флагов", "ни один флаг"),
    "read": ("отметка о прочтении", "отметки о прочтении", ""),
    "priority": ("важность", "важности", ""),
    "auth": (
        "результат проверки подлинности", "результата проверки подлинности",
        "ни один результат проверки подлинности",
    ),
    "size": ("размер", "размера", ""),
    "spam_score": ("оценка спама", "оценки спама", ""),
    "spam": ("отметка о спаме", "отметки о спаме", ""),
    "age": ("возраст письма", "возраста письма", ""),
    "date": ("дата письма", "даты письма", ""),
    "received": ("время прихода", "времени прихода", ""),
    "time": ("время суток", "времени суток", ""),
}  # fmt: skip
_THINGS = {
    "attachment_name": "вложение с именем",
    "attachment_type": "вложение",
    "attachment_size": "вложение",
}
_PARTS = {
    "address": ("адрес", "адреса", "ни один адрес"),
    "local_part": ("имя до @", "имени до @", "ни одно имя до @"),
    "domain": ("домен", "домена", "ни один домен"),
    "name": ("имя", "имени", "ни одно имя"),
}
# The verb, and in which case something of a list stands behind it.
_OPERATORS = {
    "contains": ("содержит", "что-либо"),
    "equals": ("совпадает с", "чем-либо"),
    "starts_with": ("начинается с", "чего-либо"),
    "ends_with": ("заканчивается на", "что-либо"),
    "regex": ("подходит под выражение", "что-либо"),
    "greater": ("больше", "чего-либо"),
    "less": ("меньше", "чего-либо"),
}
_SINGLE = {"что-либо": "одно", "чем-либо": "одним", "чего-либо": "одного"}
_TIMES = {"greater": "позже", "less": "раньше"}
_NEGATIVE = {"not_contains": "contains", "not_equals": "equals"}
_EQUAL = frozenset({"size", "attachment_size", "attachment_count", "spam_score", "age"})
_BARE = _EQUAL | {"date", "received", "time"}
_CHECK = "check:"
_LANGUAGES = {
    "ru": "русский", "en": "английский", "uk": "украинский", "de": "немецкий",
    "fr": "французский", "es": "испанский", "it": "итальянский", "pl": "польский",
    "be": "белорусский", "kk": "казахский", "zh": "китайский", "tr": "турецкий",
}  # fmt: skip
_PRIORITIES = {"high": "высокая", "normal": "обычная", "low": "низкая"}
_SET_PRIORITY = {"high": "высокую", "normal": "обычную", "low": "низкую"}
_UNITS = {  # after 1, after 2 to 4 and after others, as the genitive has it behind "старше"
    "s": ("секунды", "секунд"),
    "m": ("минуты", "минут"),
    "h": ("часа", "часов"),
    "d": ("дня", "дней"),
    "w": ("недели", "недель"),
}
_DAYS = {
    "Mon": "пн", "Tue": "вт", "Wed": "ср", "Thu": "чт", "Fri": "пт", "Sat": "сб", "Sun": "вс",
}  # fmt: skip
_STOP = "другие правила не проверять"


def _words(test: Test) -> Words:
    thing = _OPERATORS.get(test.op, ("", "что-либо"))[1]
    single = _SINGLE[thing]
    return Words(
        _QUOTES,
        " или ",
        lambda name: f"{thing} из списка {name}",
        lambda count: f"{single} из ещё {count} значений",
    )


def _test(test: Test, holds: bool) -> str:
    if test.op in _NEGATIVE:
        test = Test(test.field, _NEGATIVE[test.op], test.value, test.exact, test.lists)
        holds = not holds
    one, of, none = _subject(test.field)
    if test.op == "exists":
        return f"есть {_THINGS.get(test.field, one)}" if holds else f"нет {of}"
    special = None if test.lists else _special(test, holds)
    if special:
        return special
    verb = _OPERATORS.get(test.op, (test.op, ""))[0]
    if test.op == "equals" and (test.field in _EQUAL or test.field.startswith(_CHECK)):
        verb = "—"
    elif test.field in ("date", "received"):
        verb = _TIMES.get(test.op, verb)
    who = one if holds or not none else none
    bare = test.field in _BARE or test.field.startswith(_CHECK)
    values = values_of(test, _words(test), bare=bare)
    denied = f"— не {values}" if verb == "—" else f"не {verb} {values}"
    text = f"{who} {verb} {values}" if holds else f"{who} {denied}"
    return f"{text.rstrip()} (с учётом регистра)" if test.exact else text.rstrip()


def _subject(field: str) -> tuple[str, str, str]:
    found = _SUBJECTS.get(field)
    if found:
        return found
    base, _, part = field.partition(".")
    if base in _SUBJECTS and part in _PARTS:
        one, of, none = _PARTS[part]
        whose = _SUBJECTS[base][1]
        many = base not in ("envelope_sender", "envelope_recipient")
        return f"{one} {whose}", f"{of} {whose}", f"{none} {whose}" if many else ""
    if field.startswith("python:"):
        name = printable(field.removeprefix("python:"))
        return f"ответ {name}", f"ответа {name}", f"ни один ответ {name}"
    if field.startswith(_CHECK):
        name = printable(field.removeprefix(_CHECK))
        return f"оценка проверки {name}", f"оценки проверки {name}", ""
    if field.startswith("header:"):
        name = printable(field.removeprefix("header:"))
        return f"поле {name}", f"поля {name}", f"ни одно поле {name}"
    name = shown(field, _QUOTES)
    return f"поле {name}", f"поля {name}", ""


def _special(test: Test, holds: bool) -> str:
    """Say what has words of its own; empty if nothing has."""
    op, value = test.op, test.value[0] if len(test.value) == 1 else None
    words, denied = _words(test), "" if holds else "не "
    if op == "equals" and test.field in ("tag", "flag"):
        one, of = ("метка", "метки") if test.field == "tag" else ("флаг", "флага")
        has = f"есть {one}" if holds else f"нет {of}"
        return f"у письма {has} {values_of(test, words)}"
    if op == "equals" and test.field == "time":
        return f"время {'в пределах' if holds else 'вне'} {_hours(test, words)}"
    if op == "equals":
        return _state(test, value, holds)
    if test.field == "age" and op in ("greater", "less"):
        comparison = "старше" if op == "greater" else "младше"
        return f"письмо {denied}{comparison} {words.either.join(map(_age, test.value))}"
    return ""


def _state(test: Test, value: str | None, holds: bool) -> str:
    """Say in what state a message is; empty if the field tells none."""
    denied = "" if holds else "не "
    if test.field == "read" and value in ("yes", "no"):
        return "письмо прочитано" if (value == "yes") is holds else "письмо не прочитано"
    if test.field == "spam" and value in ("yes", "no"):
        return "письмо похоже на спам" if (value == "yes") is holds else "письмо не похоже на спам"
    if test.field == "folder":
        return f"письмо {denied}лежит в папке {values_of(test, _words(test))}"
    if test.field == "language" and value in _LANGUAGES:
        return f"язык письма — {denied}{_LANGUAGES[value]}"
    if test.field == "priority" and value in _PRIORITIES:
        return f"важность — {denied}{_PRIORITIES[value]}"
    return ""


def _hours(test: Test, words: Words) -> str:
    text = values_of(test, words, bare=True)
    for day, ours in _DAYS.items():
        text = text.replace(day, ours)
    return text


def _age(text: str) -> str:
    found = age_of(text)
    if found is None:
        return printable(text)
    number, unit = found
    one = number % 10 == 1 and number % 100 != 11
    return f"{number} {_UNITS[unit][0 if one else 1]}"


def _action(action: Action) -> str:
    argument = shown(action.argument, _QUOTES)
    told = {
        "move": f"переместить в папку {argument}",
        "copy": f"положить копию в папку {argument}",
        "mark_read": "отметить прочитанным",
        "mark_unread": "отметить непрочитанным",
        "flag": f"поставить флаг {argument}" if action.argument else "отметить флажком",
        "unflag": f"снять флаг {argument}" if action.argument else "снять флажок",
        "tag": f"поставить метку {argument}",
        "untag": f"снять метку {argument}",
        "priority": f"назначить {_SET_PRIORITY.get(action.argument, argument)} важность",
        "delete": "удалить в корзину",
        "discard": "выбросить, не сохраняя",
        "reject": f"отказать со словами {argument}" if action.argument else "отказать в приёме",
        "quarantine": "поместить в карантин",
        "ticket": outside_desk.russian(action),
        "stop": _STOP,
        "command": f"запустить команду {argument}",
        "python": f"поручить расширению {argument}",
        "spam": "научить фильтр, что это спам",
        "not_spam": "научить фильтр, что это не спам",
    }.get(action.do)
    told = told or mail_action(action, 1)
    told = told or hook_sentences.russian(action)
    return told or printable(f"{action.do} {action.argument}").rstrip()


def _joined(parts: Sequence[str], every: bool) -> str:
    word = " и " if every else " или "
    return ", ".join(parts[:-1]) + word + parts[-1]


def _whole(rule: Rule, condition: str | None, actions: Sequence[str], off: bool) -> str:
    done = ", ".join(actions[:-1]) + (" и " if actions[:-1] else "") + "".join(actions[-1:])
    done = done or "ничего не делать"
    if condition is None:
        text = f"никогда не выполняется: {done}"
    else:
        text = f"если {condition}, то {done}" if condition else f"всегда {done}"
    where = ", ".join(_circumstances(rule))
    text = f"{where}: {text}" if where else text
    notes = []
    if rule.group:
        group = f"группа {shown(rule.group, _QUOTES)}"
        notes.append(f"{group}, выключена" if off else group)
    if not rule.active:
        notes.append("правило выключено")
    behind = f" ({'; '.join(notes)})" if notes else ""
    return f"{text[:1].upper()}{text[1:]}{behind}."


def _circumstances(rule: Rule) -> list[str]:
    """Say for whom a rule is, and when it is asked if that is not the usual."""
    found = []
    if rule.mailbox or rule.domain:
        who = rule.mailbox or f"всех ящиков домена {rule.domain}"
        found.append(f"для {printable(who)}")
    clock = f"по расписанию ({printable(rule.schedule)})" if rule.schedule else "по расписанию"
    times = {"receive": "при получении", "manual": "вручную", "schedule": clock}
    if rule.on != {"receive", "manual"}:
        found.append(" или ".join(told for key, told in times.items() if key in rule.on))
    return [each for each in found if each]


RUSSIAN = Speech(
    field=lambda field: _subject(field)[0],
    test=_test,
    opposite=lambda text: f"неверно, что ({text})",
    action=_action,
    stop=_STOP,
    joined=_joined,
    always="письмо любое",
    never="письма нет",
    whole=_whole,
)
