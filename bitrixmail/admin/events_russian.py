"""What happened, in Russian: entries of the log, replies of our own, how a ticket came to be so.

Pure: English sentences in, Russian ones out. What another server said stays as it is, as code.
"""

from __future__ import annotations

import re
from functools import cache

from bitrixmail.admin.findings.name_servers_russian import ANSWER_SENTENCES
from bitrixmail.admin.findings.obstacles_russian import OBSTACLE_SENTENCES
from bitrixmail.admin.phrasebook import Phrasebook
from bitrixmail.admin.replies_russian import REPLIES
from bitrixmail.admin.troubles_russian import TROUBLES

_EVENTS: dict[str, str] = {
    # came in
    "from <{}> at {} by {}, {} octets": "от {} с {}, {}, размер {} Б",
    "from {}, received {}, {} octets": "из {}, получено {}, размер {} Б",
    "this host": "этого сервера",
    "kept in {}": "положено в {}",
    "kept": "принято",
    "quarantined in {}": "помещено в карантин",
    "quarantined": "помещено в карантин",
    "discarded": "выброшено по правилу",
    "rejected": "не принято по правилу",
    "kept in {}, for {}": "положено в {}, для {}",
    "quarantined in {}, for {}": "помещено в карантин, для {1}",
    "kept, for {}": "принято, для {}",
    "discarded, for {}": "выброшено по правилу, для {}",
    "rejected, for {}": "не принято по правилу, для {}",
    # refused
    "{} (from <{}> at {}, {} times in this minute)": "{} (от {} с {}, раз за минуту: {})",
    "{} (from <{}> at {})": "{} (от {} с {})",
    "{} more refusals of further sources": "ещё {} отказов другим серверам",
    # sent and done
    "sent by {}: {}": "отправлено через {}: {}",
    "deferred by {}: {}": "отложено, {}: {}",
    "failed by {}: {}": "не отправлено, {}: {}",
    "sent: {}": "отправлено: {}",
    "deferred: {}": "отложено: {}",
    "failed: {}": "не отправлено: {}",
    'acted: {} {}, rule "{}": {}': "{} {}, правило «{}»: {}",
    'deferred: {} {}, rule "{}": {}': "отложено: {} {}, правило «{}»: {}",
    'failed: {} {}, rule "{}": {}': "не вышло: {} {}, правило «{}»: {}",
    "{} later at {}: {} ({}): {}": "{} позже, {}: {} ({}): {}",
    "{} later: {} ({}): {}": "{} позже: {} ({}): {}",
    "{} of {}: {}": "{} письма {}: {}",
    'acted: {} {}, rule "by hand": {}': "{} {}, вручную: {}",
    'deferred: {} {}, rule "by hand": {}': "отложено: {} {}, вручную: {}",
    'failed: {} {}, rule "by hand": {}': "не вышло: {} {}, вручную: {}",
    "forward": "пересылка",
    "webhook": "вебхук",
    "bitrix24": "Битрикс24",
    "redirect": "перенаправление",
    "reply": "автоответ",
    "notify": "уведомление",
    "ticket": "обращение",
    "command": "программа",
    "python": "расширение",
    "spam": "спам",
    "not_spam": "не спам",
    "by hand": "вручную",
    # moved about
    "to {}, by {}": "в {}, {}",
    "to {}, {}": "в {}, {}",
    "to {}": "в {}",
    "by {}": "{}",
    "copied to {}, {}": "копия в {}, {}",
    "set {}, {}": "поставлен флаг {}, {}",
    "cleared {}, {}": "снят флаг {}, {}",
    "tagged {}, {}": "поставлена метка {}, {}",
    "untagged {}, {}": "снята метка {}, {}",
    "to be done: {}, {}": "будет выполнено: {}, {}",
    "back to {}, taken back (run {})": "возвращено в {} (запуск {} отменён)",
    "taken back (run {})": "возвращено (запуск {} отменён)",
    "to {}, out of quarantine ({})": "в {}, из карантина ({})",
    "to {}, out of quarantine": "в {}, из карантина",
    "to {}: {} was given up, and nothing else keeps the message: {}": (
        "в {}: {} не удалось, а больше письмо нигде не хранится: {}"
    ),
    "to {}: {} was given up, and nothing else keeps the message": (
        "в {}: {} не удалось, а больше письмо нигде не хранится"
    ),
    '{} of the rule "{}"': "{} правила «{}»",
    "UID {}": "номер {}",
    # tickets
    "{}: {}": "{}: {}",
    "opened": "создано",
    "closed": "закрыто",
    "acknowledged": "отправлено подтверждение",
    "closed by {}": "закрыто, {}",
    "opened again by {}": "открыто снова, {}",
    "given to {} by {}": "ответственный — {}, назначил {}",
    "taken from whoever had it by {}": "больше ни за кем не закреплено, {}",
    "deleted by {}": "удалено, {}",
    "answered by {}, closed": "ответ дан и обращение закрыто, {}",
    "answered by {}": "ответ: {}",
    "note by {}": "заметка: {}",
    "ticket {}: the message is in it already": "обращение {}: письмо в нём уже есть",
    "ticket {}: {}": "обращение {}: {}",
    "no ticket: {} messages of {} came in within an hour": (
        "обращения нет: за час от {1} пришло писем: {0}"
    ),
    "no ticket: a program wrote it ({})": "обращения нет: письмо написала программа ({})",
    "joined by its {}": "добавлено: {}",
    "{}; acknowledged": "{}; отправлено подтверждение",
    "{}; not acknowledged: {}": "{}; подтверждение не отправлено: {}",
    "{}; it was closed and is open again": "{}; было закрыто, открыто снова",
    "{}; a program wrote it ({}), so nothing changes": (
        "{}; письмо написала программа ({}), ничего не изменилось"
    ),
    "{}, might belong to {} by its {}: {}": "{}, может относиться к {} ({}): {}",
    "reply address": "адрес ответа",
    "subject": "тема",
    "its From names not just one author": "в поле «От» не один автор",
    "it is from {}, and only {} may add to that": "оно от {}, а добавлять может только {}",
    "nothing proves that it is from {}, as its reply address would": (
        "ничто не подтверждает, что оно от {}"
    ),
    "{} and his domain": "{} и его домен",
    "it is from {}, and was sent by {}": "оно от {}, а отправил {}",
    "there is no help desk named {}": "ящика {} для обращений нет",
    # answers, forwards, notices
    "it is taken for spam, or thrown away": "это спам, или письмо выброшено",
    "it is a bounce": "это уведомление о недоставке",
    "Not answered: {}": "ответа нет: {}",
    "Not told: {}": "не уведомили: {}",
    "it is a notice itself": "это само уведомление",
    "{} has given {} answers within an hour": "{}: за час уже отправлено ответов: {}",
    "{} leads to the mailbox itself": "{} ведёт в тот же ящик",
    "there is no {} here": "адреса {} здесь нет",
    "A circle: it was passed on from {} before": "круг: из {} письмо уже пересылали",
    "A circle: {} leads to {} itself": "круг: {} ведёт в сам {}",
    "{} messages within an hour were passed on from {}, it goes on later": (
        "из {1} за час переслано писем: {0}, остальное — позже"
    ),
    "{}: that is the mailbox itself": "{}: это тот же ящик",
    "{}: later, with others: there were {} within an hour": (
        "{}: позже, вместе с другими: за час их было {}"
    ),
    "neither To nor Cc names the mailbox": "ящика нет ни в «Кому», ни в «Копии»",
    "it came before {}": "пришло раньше {}",
    "it came after {}": "пришло позже {}",
    "{} was answered {} UTC": "{}: уже отвечали {} UTC",
    "from: {} is no address of {}": "{} — не адрес ящика {}",
    "already known": "уже известно",
    "no spam": "не спам",
    "nothing learned: there is no {} any more": "ничего не запомнено: {} больше нет",
    # programs and calls
    "again later": "повторить позже",
    "refused for good": "отказано насовсем",
    "it took longer than it may and was ended after {} s": "не уложилась в срок, остановлена: {} с",
    "the settings have no [commands.{}]": "в настройках нет программы {}",
    "it was ended by {}": "её остановил {}",
    "exit code {} ({}): {}": "код завершения {} ({}): {}",
    "exit code {} ({})": "код завершения {} ({})",
    "it can't be run: {}": "не запускается: {}",
    "{}; if that is a server of yours: {}": "{}; если это ваш сервер, впишите в настройки: {}",
    "{} has an address of a private network: {}": "{} — адрес частной сети: {}",
    "{} has an address of this machine: {}": "{} — адрес этой машины: {}",
    "{} has an address {}: {}": "{} — такой адрес ({}): {}",
    "{} has no address": "у {} нет адреса",
    "it has {} octets, more than {}": "размер {} Б, больше {}",
    "it has more than {} octets": "больше {} Б",
    "it takes longer than {} s": "дольше {} с",
    'there is no secret "{}": add it to {}': "секрета «{}» нет, впишите его в настройки: `{}`",
    "the message is gone": "письма больше нет",
    "an error of this program, its log tells which: {}": "ошибка самой программы, см. журнал: {}",
    "an error of this program, its log tells which": "ошибка самой программы, см. журнал",
    "it did not end, and was cut": "не завершилось и прервано",
    '{} is not told the secret "{}", which is for {}; if it shall be: {}': (
        "{} не получает секрет «{}», он для {}; если должен, впишите в настройки: {}"
    ),
    "a message of {} octets is more than actions.max_size": (
        "письмо в {} Б больше, чем `actions.max_size`"
    ),
    "where files are fetched is not set: actions.attachment_url, then kill -HUP": (
        "не указано, откуда брать файлы: `actions.attachment_url` в настройках"
    ),
    # portals
    "make an incoming webhook on the portal, and write its whole address there": (
        "создайте на портале входящий вебхук и впишите туда его адрес целиком"
    ),
    "the portal does not take one of the rule's `fields`: see what it says of it": (
        "портал не принял одно из полей правила: прочтите, что он сказал"
    ),
    ("the code of the webhook is wrong, or its user has left: make a new one on the portal and put"
     " its address into the settings"): (
        "код вебхука неверен или его пользователь уволен: создайте на портале новый и впишите его "
        "адрес в настройки"
    ),
    "the code of the webhook is wrong: put its address into the settings anew": (
        "код вебхука неверен: впишите его адрес в настройки заново"
    ),
    "the webhook was deleted on the portal: make a new one": (
        "вебхук на портале удалён: создайте новый"
    ),
    "the webhook may not do this: give it the rights to CRM, tasks or chats": (
        "вебхуку это запрещено: дайте ему права на CRM, задачи или чаты"
    ),
    "the webhook's user may not do this, or the portal's plan has no REST": (
        "пользователю вебхука это запрещено, или тариф портала без REST"
    ),
    "the webhook's user may not use it: make it anew": (
        "пользователю нельзя пользоваться этим вебхуком: создайте его заново"
    ),
    "the portal does not know this method: is it an old one in a box?": (
        "портал не знает такого метода: возможно, это старая коробочная версия"
    ),
    "there is no such portal any more": "такого портала больше нет",
    'the rule does not name a chat: dialog = "chat42"': "в правиле не указан чат",
    "lead {} was made by an earlier attempt": "лид {} создан прошлой попыткой",
    "activity {} was made by an earlier attempt": "дело {} создано прошлой попыткой",
    "task {} was made by an earlier attempt": "задача {} создана прошлой попыткой",
    "activity {} at {}": "дело {}, {}",
    "deal {} of {}": "сделка {}, {}",
    "lead {}": "лид {}",
    "task {}": "задача {}",
    "message {}": "сообщение {}",
    # what rules would do with what is stored
    "discard for good": "выбросить навсегда",
    "move to {}": "переместить в {}",
    "copy to {}": "скопировать в {}",
    "mark as read": "отметить прочитанным",
    "mark as unread": "отметить непрочитанным",
    "set {}": "поставить флаг {}",
    "clear {}": "снять флаг {}",
    "tag {}": "поставить метку {}",
    "untag {}": "снять метку {}",
    "to be done: {}": "будет выполнено: {}",
    "{}: was discarded, which is for good": "{}: выброшено, вернуть нельзя",
    "{}: is gone meanwhile": "{}: тем временем исчезло",
    "{}: was moved meanwhile, so it stays where it is": (
        "{}: тем временем перемещено, остаётся на месте"
    ),
    "{}: the folder where it was is gone, so it stays": "{}: прежней папки нет, остаётся на месте",
    "{}: the copy was changed meanwhile, so it stays": "{}: копию тем временем изменили, остаётся",
    # why a rule was passed over
    'rule "{}" {}': "правило «{}»: {}",
    "skipped: a regular expression took too long": (
        "пропущено: регулярное выражение работало слишком долго"
    ),
    "skipped: the regular expressions before it took too long": (
        "пропущено: регулярные выражения до него работали слишком долго"
    ),
    "skipped: {}": "пропущено: {}",
    "a bug: {}": "ошибка программы: {}",
    "extensions are asked too much about one message": (
        "об одном письме слишком много спрашивают у расширений"
    ),
    "no extension is enabled": "ни одно расширение не включено",
    "the extension {} is switched off: it has failed too often": (
        "расширение {} выключено: слишком много ошибок"
    ),
    "{} took longer than {} s": "{}: дольше {} с",
    "{} failed: {}: {}": "{}: сбой: {}: {}",
    "{} found no thread: those before it still run": "{}: нет свободного потока",
    "kept in quarantine: it could not be judged": "в карантине: правила не выполнились",
    "the rules took longer than {} s": "правила выполнялись дольше {} с",
    "longer than {} s": "дольше {} с",
    # versions of the rules
    "undo of version {}: back to version {}": "отмена версии {}: снова версия {}",
    "group on: {}": "включена группа: {}",
    "group off: {}": "выключена группа: {}",
    "on: {}": "включено: {}",
    "off: {}": "выключено: {}",
    "new: {}": "новое: {}",
    "edit: {}": "изменено: {}",
    "edited: {}": "изменено: {}",
    "added: {}": "добавлено: {}",
    "changed: {}": "изменено: {}",
    "removed: {}": "удалено: {}",
    "remove: {}": "удалено: {}",
    "moved: {}": "передвинуто: {}",
    "move: {}": "передвинуто: {}",
    "template {}": "шаблон {}",
    # beside the codes of the audit log
    "version {}": "версия {}",
    "version {}, now {}": "версия {}, теперь {}",
    "nothing changed": "ничего не изменилось",
    "{} changed": "изменено: {}",
    "{} jobs": "заданий: {}",
    "all others": "все остальные",
    "removed": "убран",
    "made": "придуман сервером",
    "confirm": "при подтверждении",
    "to place {}": "на место {}",
    "run {}": "запуск {}",
    "{} → {}": "{} → {}",
    "all of {}": "все: {}",
    "the queue": "очередь",
    "running": "работает",
    "listening": "принимает соединения",
    "stopped": "остановлен",
    "failed": "не запущен",
    "owner": "владелец",
    "admin": "администратор",
    "operator": "оператор",
    "reader": "наблюдатель",
    "see": "смотреть",
    "send": "отправлять",
    "handle": "разбирать",
    "manage": "управлять",
    "govern": "владеть",
    "{}, {}": "{}, {}",
}  # fmt: skip


# What rules are called that were made for their owner
_RULES = Phrasebook(
    [("made by: bitrixmail spam threshold", "создано порогами спама")],
    [
        (f"Spam: {do}{for_whom}", f"Спам: {said}{for_whom.replace(' for ', ' для ')}")
        for do, said in (
            ("tag", "метка"), ("quarantine", "карантин"), ("reject", "отказ"), ("move", "папка"),
        )
        for for_whom in ("", " for {}")
    ]
)  # fmt: skip


# What a run of rules did with a message, and which rules it was
_RUN = re.compile(r'(?:(?P<done>.*), )?by "(?P<rules>.*)" \(run (?P<run>\d+)\)', re.DOTALL)
_DONE = Phrasebook(
    {
        "to {}": "в {}",
        "copied to {}": "копия в {}",
        "set {}": "поставлен флаг {}",
        "cleared {}": "снят флаг {}",
        "tagged {}": "поставлена метка {}",
        "untagged {}": "снята метка {}",
        "for good": "навсегда",
    }.items()
)


def event_in_russian(text: str) -> str:
    """Say what happened; what is not known stays as it is, as code if it has several words."""
    by_run = _RUN.fullmatch(text)
    if by_run is not None:
        return _run_in_russian(by_run)
    words = text.split(", ")
    if len(words) > 1 and all(word in _EVENTS for word in words):  # however many there are
        return ", ".join(_EVENTS[word] for word in words)
    return _events().told(text).replace(" ,", ",")


def _run_in_russian(found: re.Match[str]) -> str:
    done = found["done"].split(", ") if found["done"] else []
    said = [_DONE.said(each) or _events().told(each) for each in done]
    rules = found["rules"].split('", "')
    named = ", ".join(f"«{rule_in_russian(rule)}»" for rule in rules)
    said.append(f"{'правило' if len(rules) == 1 else 'правила'} {named} (запуск {found['run']})")
    return ", ".join(said)


def rule_in_russian(name: str) -> str:
    """Return a rule's name: that of one which thresholds of spam have made is said in Russian."""
    return _RULES.said(name) or name


def trouble_in_russian(text: str) -> str:
    """Say a line of the diagnostic log, likewise."""
    return _troubles().told(text)


@cache
def _troubles() -> Phrasebook:
    tables = (TROUBLES, _EVENTS, REPLIES)
    return Phrasebook(*(table.items() for table in tables), foreign="`{}`")


@cache
def _events() -> Phrasebook:
    pairs = (_EVENTS.items(), REPLIES.items(), OBSTACLE_SENTENCES, ANSWER_SENTENCES)
    return Phrasebook(*pairs, foreign="`{}`")
