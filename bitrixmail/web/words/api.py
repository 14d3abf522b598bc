"""What the operations of the API do, in Russian, for their page; the document itself is English."""

from __future__ import annotations

from bitrixmail.web.words.api_summaries import SUMMARIES

SUBJECTS: dict[str, str] = {
    "account": "Свой вход",
    "aliases": "Псевдонимы",
    "audit": "Журнал действий",
    "doctor": "Проверка",
    "domains": "Домены",
    "events": "События",
    "grants": "Разрешённые отправители",
    "healthz": "Исправность",
    "listeners": "Входы",
    "log": "Журнал",
    "mailboxes": "Ящики",
    "messages": "Письма",
    "metrics": "Счётчики",
    "places": "Письма в папках",
    "quarantine": "Карантин",
    "queue": "Очередь",
    "readyz": "Готовность",
    "routes": "Пути писем",
    "rules": "Правила",
    "search": "Поиск",
    "send": "Отправка",
    "senders": "Списки отправителей",
    "server": "Сервер",
    "settings": "Настройки",
    "spam": "Спам",
    "suppressions": "Куда не отправлять",
    "tickets": "Обращения",
    "tokens": "Токены",
    "trace": "Путь письма",
    "users": "Пользователи",
    "views": "Сохранённые поиски",
}
STATUSES: dict[str, str] = {
    "OK": "готово",
    "Created": "создано",
    "Accepted": "принято к исполнению",
    "No Content": "готово, без ответа",
    "Bad Request": "запрос не разобрать",
    "Unauthorized": "нужен токен",
    "Forbidden": "нет права",
    "Not Found": "такого нет",
    "Conflict": "уже есть или занято",
    "Request Entity Too Large": "слишком много",
    "Unsupported Media Type": "такой вид данных не принимается",
    "Unprocessable Entity": "значения не подходят",
    "Too Many Requests": "слишком часто",
    "Service Unavailable": "хранилище не отвечает",
}
PARAMETERS: dict[str, str] = {
    "How many at most.": "Сколько самое большее.",
    "Where days begin, as Europe/Moscow; else UTC.": (
        "Часовой пояс, по которому начинаются дни: `Europe/Moscow`; иначе UTC."
    ),
    "Where to go on: `next` of the page before.": (
        "Откуда продолжить: `next` предыдущей страницы."
    ),
}
NOTES: dict[str, str] = {
    "503 while it ends, while writes fail, and while the disk is full.": (
        "503 — пока сервер завершает работу, пока записи не удаются и пока диск полон."
    ),
    "A cursor ends with the rule that it stands behind.": (
        "Курсор действует, пока есть правило, за которым он стоит."
    ),
    "One that changes meanwhile stands at the top: whoever wants every one begins anew then.": (
        "Изменившееся тем временем окажется наверху: кому нужны все, тот начинает сначала."
    ),
    "Bcc is taken out; Date and Message-ID are added where they are missing.": (
        "`Bcc` убирается; `Date` и `Message-ID` добавляются, если их нет."
    ),
    "He can have no right that who asks has not.": (
        "Прав больше, чем у того, кто спрашивает, дать нельзя."
    ),
    "If anything is wrong nothing changes, and every fault is told. It stands in the audit log.": (
        "Если есть хоть одна ошибка, ничего не меняется, и сообщается о каждой. Кто менял, "
        "видно в журнале действий."
    ),
    "If anything is wrong with them nothing changes, and every fault is told.": (
        "Если есть хоть одна ошибка, ничего не меняется, и сообщается о каждой."
    ),
    "It can have no right that who asks has not.": (
        "Прав больше, чем у того, кто спрашивает, дать нельзя."
    ),
    ("It is in the queue, or in the mailboxes here, when this answers. The same call again with"
     " the same Idempotency-Key sends nothing, and tells where the first stands."
     " Another one with it is a fault."): (
        "Когда приходит ответ, письмо уже в очереди или в ящике. Тот же запрос с тем же "
        "`Idempotency-Key` ничего не отправляет, а говорит, что с первым. Другой запрос с ним — "
        "ошибка."
    ),
    ("It takes a bounded time: a page may have fewer than `limit`, or none, and yet a next one."
     " At most 200 come at once."): (
        "Время поиска ограничено: на странице может быть меньше `limit` или совсем пусто, а "
        "следующая всё равно есть. За раз не больше 200."
    ),
    ("It takes a bounded time: a page may have fewer than `limit`, or none, and yet a next one."
     " At most 500 come at once."): (
        "Время поиска ограничено: на странице может быть меньше `limit` или совсем пусто, а "
        "следующая всё равно есть. За раз не больше 500."
    ),
    "Keys of DKIM that are found there sign from now on.": (
        "Найденные там ключи DKIM с этого времени подписывают."
    ),
    "Neither he nor his new role can have a right that who asks has not.": (
        "Ни у него, ни у новой роли не может быть прав больше, чем у того, кто спрашивает."
    ),
    "Of a secret it is told only whether it is set.": "О секрете говорится только, задан ли он.",
    "One thing is done at a time. Once the task has ended, `begin` carries it out.": (
        "За раз делается что-то одно. Когда задание закончилось, `begin` выполняет его."
    ),
    ("Password and second factor are changed on the page of the account alone: there the old"
     " password is asked for."): (
        "Пароль и второй фактор меняют только на своей странице: там спрашивают старый пароль."
    ),
    ("The data of an event is JSON: `count` of what happened, `ids` of messages, `lines` of the"
     " mail log; `missed` where a listener comes back. It ends when the token or session does."): (
        "Данные события — JSON: сколько случилось (`count`), номера писем (`ids`), строки "
        "почтового журнала (`lines`); `missed` — если слушатель вернулся. Заканчивается вместе с "
        "токеном или сеансом."
    ),
    "With it come postmaster@ (without a password), abuse@ as its alias, and keys of DKIM.": (
        "Вместе с ним создаются `postmaster@` (без пароля), псевдоним `abuse@` и ключи DKIM."
    ),
}  # fmt: skip
_ALL = {**STATUSES, **PARAMETERS, **SUMMARIES, **NOTES}


def in_russian(text: str) -> str:
    """Say a text of the document in Russian; as it is if it is not known."""
    return _ALL.get(" ".join(text.split()), text)


def subject_in_russian(tag: str) -> str:
    """Return what a group of operations is called."""
    return SUBJECTS.get(tag, tag)
