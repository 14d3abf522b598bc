"""What is to be minded in rules that are right, in Russian; see `russian`."""

from __future__ import annotations

NOTES: dict[str, str] = {
    # what may be meant otherwise
    'never matches: rule "{}" before it takes all its messages, and ends with': (
        "никогда не подойдёт: правило «{}» перед ним забирает все его письма"
    ),
    'never matches: rule "{}" before it takes all its messages, and ends with {}': (
        "никогда не подойдёт: правило «{}» перед ним забирает все его письма и говорит «{}»"
    ),
    'put it before "{}" by a lower order, or take it out': (
        "поставьте его выше правила «{}» или уберите"
    ),
    'put it before "{}" by a lower order': "поставьте его выше правила «{}»",
    "can't match: {}": "не может подойти: {}",
    'correct the conditions, or write match = "any"': (
        "исправьте условия или выберите «любое из условий»"
    ),
    "does {} with every message of {}": "делает «{}» с каждым письмом: {}",
    "does {} by the sender alone, and anybody can write what he likes into From": (
        "делает «{}» по одному отправителю, а в поле «От» любой напишет что захочет"
    ),
    "use quarantine or delete, or ask for envelope_sender as well": (
        "отправляйте в карантин или удаляйте, либо проверяйте и отправителя в конверте"
    ),
    'most senders read "Refused by the recipient": the text is not ASCII': (
        "большинство отправителей увидит только `Refused by the recipient`: текст не латиницей"
    ),
    "write it in English, or in Latin letters": "напишите его латинскими буквами",
    "can't match as mail comes in: a message that comes in has no age yet": (
        "при приёме не подойдёт: у нового письма ещё нет возраста"
    ),
    'write on = ["schedule"] and schedule = "0 3 * * *", or on = ["manual"]': (
        "выполняйте его по расписанию или вручную"
    ),
    "there are too many rules to compare each with each: some were not compared": (
        "правил слишком много: не все удалось сравнить между собой"
    ),
    'is never asked: rule "{}" before it ends the rules for every message': (
        "до него не доходит: правило «{}» выше заканчивает проверку каждого письма"
    ),
    'is not asked: its group "{}" is switched off': (
        "не выполняется: его группа «{}» выключена"
    ),
    'bitrixmail rules group on "{}"': "включите группу «{}» на странице «Правила»",
    "never does {}: {} before it ends everything": "до действия «{}» не доходит: «{}» всё кончает",
    'write op = "contains", value = "{}": it is quicker': (
        "выберите «содержит» и напишите «{}»: так быстрее"
    ),
    "has a regular expression for {} that is plain text": (
        "регулярное выражение для {} — обычный текст"
    ),
    'means a flag of its own by "{}", not the one that mail programs show': (
        "«{}» — свой флаг, а не тот, что показывают почтовые программы"
    ),
    "did you mean '{}', with a backslash and in single quotes?": "может быть, `{}`?",
    'names the folder "{}", where the backslash is a letter like others': (
        "в имени папки «{}» обратная косая черта — обычная буква"
    ),
    'write "{}": / stands between levels': "напишите «{}»: уровни разделяет /",
    # what the rules rely on
    "nobody has the address {}, so its mail is refused before any rule": (
        "адреса {} ни у кого нет: письма ему отвергаются до всех правил"
    ),
    "{} is an alias of {}, so it never runs": (
        "{} — псевдоним {}: правило не выполняется никогда"
    ),
    'write mailbox = "{}" and a condition {}': "укажите ящик {} и условие {}",
    "bitrixmail alias add {} {}": "сделайте {} псевдонимом {} на странице «Ящики»",
    "bitrixmail alias add {} {}, or leave from out": (
        "сделайте {} псевдонимом {} или уберите `from`"
    ),
    "answers from {}, which is no address of {}, so the answer fails": (
        "отвечает с адреса {}, а это не адрес ящика {}: ответ не уйдёт"
    ),
    "there is no mailbox {} yet, so it never runs": "ящика {} ещё нет: правило не выполняется",
    "there is no domain {} yet, so it never runs": "домена {} ещё нет: правило не выполняется",
    "the settings have no command {}, so it waits in the queue": (
        "программы {} нет в настройках: действие ждёт в очереди"
    ),
    "the extension {} is not enabled, so it has no answer, or waits": (
        "расширение {} не включено: ответа нет или действие ждёт"
    ),
    "there is no help desk {}, so no ticket comes of it": (
        "ящика {} для обращений нет: обращение не появится"
    ),
    "the settings have no secret {}, so it waits in the queue": (
        "секрета {} нет в настройках: действие ждёт в очереди"
    ),
    "the secret {} is an address, which no header field tells": (
        "секрет {} — адрес, в полях заголовка его не передают"
    ),
    "is passed over: {}: {}": "пропускается: {}: {}",
}  # fmt: skip
