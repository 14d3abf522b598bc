"""What is wrong with rules, or to be minded in them, in Russian; see `russian`."""

from __future__ import annotations

RULES: dict[str, str] = {
    # their file
    "is not TOML: {}": "это не TOML: {}",
    "line {}, {}: {}": "строка {}, {}: {}",
    "curled quotes": "фигурные кавычки",
    'write " in their place': 'замените их на прямые: `"`',
    "a blank that is no space, {}": "пробел, который не пробел: {}",
    "write plain spaces in its place": "замените его обычным пробелом",
    'a lone \\ between "…"': 'одиночная \\ в кавычках "…"',
    "a text without quotes": "текст без кавычек",
    "leave one of them out, or write a line like [[rule]] before it": (
        "оставьте что-то одно или начните новое правило строкой `[[rule]]`"
    ),
    "no = behind a key": "нет `=` после имени",
    "a bracket is not closed": "скобка не закрыта",
    "write [[{}]]": "напишите `[[{}]]`",
    "write [{}]": "напишите `[{}]`",
    "a quote is not closed": "кавычка не закрыта",
    "put the same quote at the end of the text": "поставьте такую же в конце текста",
    "keep one; where many are meant, write [[{}]] before each": (
        "оставьте одну; если нужно несколько, перед каждой пишите `[[{}]]`"
    ),
    "a table that is there already": "такая таблица уже есть",
    'a "," or "{}" is missing': "не хватает запятой или {}",
    "a comma between entries, {} at the end": "запятая между записями, {} в конце",
    "no key": "нет имени",
    "a key is an English word; a comment begins with #": (
        "имя — английское слово, а пояснение начинается с `#`"
    ),
    "a { … } that goes on": "не закончено `{ … }`",
    "write all of it on one line, from { to }": "напишите всё в одной строке, от `{` до `}`",
    "a wrong word": "неверное слово",
    "write {} = {}": "напишите `{} = {}`",
    "Invalid value {}": "неверное значение {}",
    "(at end of document)": "в самом конце",
    "is a number of more than 64 bits": "слишком большое число",
    "write a smaller one": "напишите меньше",
    "is nested too deep": "слишком много вложений",
    "does not belong here": "здесь этого быть не может",
    "rules stand below [[rule]]": "правила пишутся под `[[rule]]`",
    "split it": "разделите на части",
    "split the rule": "разделите правило",
    "is no list": "это не список",
    "write [[rule]]": "напишите `[[rule]]`",
    "has more than {} rules": "больше {} правил",
    "remove some": "уберите лишние",
    "is no list of names": "это не список имён",
    'write ["a group"]': 'напишите `["группа"]`',
    "stands there twice": "повторяется",
    "give each rule its own name": "дайте каждому правилу своё имя",
    "no rule is in that group": "в этой группе нет правил",
    "take it out": "уберите",
    "no rule would be left": "не останется ни одного правила",
    "tick the box if you mean it": "если так и задумано, поставьте галочку",
    "is not UTF-8": "это не UTF-8",
    "save it as UTF-8": "сохраните в UTF-8",
    "save it in UTF-8": "сохраните в UTF-8",
    # the parts of a rule
    'unknown key "{}"': "такого имени нет: `{}`",
    "{} keys are unknown": "неизвестных имён: {}",
    "see docs/rules.md": "все имена — в `docs/rules.md`",
    "has a key of too many parts": "имя состоит из слишком многих частей",
    'unknown field "{}"': "такого поля нет: `{}`",
    'unknown action "{}"': "такого действия нет: `{}`",
    'unknown word "{}"': "такого слова нет: `{}`",
    'unknown occasion "{}"': "такого случая нет: `{}`",
    'unknown priority "{}"': "такой важности нет: `{}`",
    'unknown operator "{}"': "такого сравнения нет: `{}`",
    'unknown template "{}"': "такого шаблона нет: `{}`",
    'unknown {} "{}"': "{} «{}»: такого нет",
    "use one of {}": "можно: `{}`",
    'every rule has its own: name = "Invoices"': "у каждого правила своё имя",
    "each has its own": "у каждого своё имя",
    "is that of another rule": "так называется другое правило",
    "there is no such rule": "такого правила нет",
    "must be a table": "должна быть таблица",
    'write { key = "value" }': 'напишите `{ имя = "значение" }`',
    "must be {}": "должно быть так: {}",
    "a text": "текст",
    "a number": "число",
    "a list": "список",
    "a table": "таблица",
    "write {} above it": "напишите перед этим `{}`",
    'write {} = ["{}"]': 'напишите `{} = ["{}"]`',
    'write a single text, between quotes: {} = "…"': 'напишите один текст в кавычках: `{} = "…"`',
    "write {} = true or {} = false, without quotes": (
        "напишите без кавычек: `{} = true` или `{} = false`"
    ),
    "true or false": "`true` или `false`",
    'put it between quotes: {} = "{}"': 'возьмите в кавычки: `{} = "{}"`',
    "put quotes around it": "возьмите в кавычки",
    "put it between quotes: {} = {}": "возьмите в кавычки: `{} = {}`",
    "write a whole number, without quotes: {} = {}": (
        "напишите целое число, без кавычек: `{} = {}`"
    ),
    "must lie within ±{}": "должно быть от −{0} до {0}",
    "500 is the usual one": "обычно это 500",
    "names no occasion": "не выбрано, когда выполнять",
    "to switch the rule off write active = false": "выключить правило можно галочкой",
    'needs the occasion "schedule"': "нужен случай «по расписанию»",
    'write on = ["schedule"]': "отметьте «по расписанию»",
    'say when: schedule = "0 3 * * *" (daily at three)': (
        "укажите когда: `0 3 * * *` — каждый день в три часа ночи"
    ),
    'a schedule has five fields: minute, hour, day, month, day of the week ("0 3 * * *")': (
        "в расписании пять полей: минута, час, день, месяц, день недели"
    ),
    ('a schedule has five fields: minute, hour, day, month, day of the week ("0 3 * * *"),'
     " and perhaps a time zone"): (
        "в расписании пять полей: минута, час, день, месяц, день недели, — и, если нужно, "
        "часовой пояс"
    ),
    '"0 3 * * *" is daily at three': "`0 3 * * *` — каждый день в три",
    "{}, and perhaps a time zone": "{} — и, если нужно, часовой пояс",
    "{} can't be read; {}": "{}: не разобрать; {}",
    "there is no such day": "такого дня нет",
    "stands beside a mailbox": "вместе с ящиком нельзя",
    "stands beside a domain": "вместе с доменом нельзя",
    "has a mailbox and a domain": "указаны и ящик, и домен",
    "is nested more than {} deep": "вложений больше {}",
    "nested more than {} deep": "вложений больше {}",
    "unfold it": "уменьшите вложенность",
    "take the inner ones apart": "разберите внутренние",
    'for example field = "subject", op = "contains"': (
        'например, `field = "subject", op = "contains"`'
    ),
    "must be a text or a list of texts": "нужен текст или список текстов",
    "must be the name of a file, or a list of them": "нужно имя файла или несколько имён",
    'for example lists = ["partners.txt"]': 'например, `lists = ["partners.txt"]`',
    "entry {} of it, {}, is not one address": "запись {}, {} — не адрес",
    'write a text, or a list of them: {} = ["boss@example.org"]': (
        'напишите текст или список: `{} = ["boss@example.org"]`'
    ),
    "has more than {} entries": "больше {} записей",
    "say what to do, or stop = true": "укажите, что сделать",
    'give a text, or a list of texts: value = ["one", "two"]': "напишите текст или несколько",
    # conditions
    'name an extension and its condition: "python:shop.customer"': (
        "укажите расширение и его условие: `python:shop.customer`"
    ),
    'name a check: "check:bayes", or one of an extension: "check:shop.links"': (
        "укажите проверку: `check:bayes` или проверку расширения: `check:shop.links`"
    ),
    "names no part of an extension": "расширение не указано",
    "names no check": "проверка не указана",
    '"{}" does not suit the field "{}"': "`{}` не подходит к полю `{}`",
    "not a regular expression: {}": "это не регулярное выражение: {}",
    "missing {} at position {}": "нет {} в месте {}",
    "missing {}, unterminated subpattern at position {}": "нет {} для скобки в месте {}",
    "see docs/rules.md; plain text is found by contains": (
        "обычный текст находит сравнение «содержит»"
    ),
    "an envelope holds no names": "в конверте письма имён нет",
    'use "from.name" or "to.name"': "возьмите «имя отправителя» или «имя получателя»",
    "a size is a number and a unit: B, KB, MB, GB, KiB, MiB or GiB": (
        "размер — это число и единица: `B`, `KB`, `MB`, `GB`, `KiB`, `MiB` или `GiB`"
    ),
    "a number of attachments is written in digits": "число вложений пишут цифрами",
    "a score is a number such as 5 or -1.5": "оценка — это число, например 5 или −1.5",
    "an age is a number and a unit: s, m, h, d or w (a month is 30d)": (
        "возраст — это число и единица: `s`, `m`, `h`, `d` или `w` (месяц — `30d`)"
    ),
    'for example "{}"': "например, `{}`",
    'unknown time zone "{}"{}': "такого часового пояса нет: «{}»",
    "a time is a day, perhaps an hour, perhaps a time zone": (
        "время — это день и, если нужно, час и часовой пояс"
    ),
    "a year lies between {} and {}": "год бывает от {} до {}",
    'a working time is written like "Mon-Fri 09:00-18:00"': (
        "рабочее время пишут так: `Mon-Fri 09:00-18:00`"
    ),
    "a working time begins and ends at different hours": (
        "рабочее время начинается и кончается в разные часы"
    ),
    '"{}" is no day; days are {}': "«{}» — не день недели; бывают: {}",
    '"{}" is no range of days': "«{}» — не дни недели",
    '"{}" is no clock time; with its minutes it is "{}"': (
        "«{}» — не время; с минутами было бы «{}»"
    ),
    "there is no {}:{} on a clock": "времени {}:{} не бывает",
    "there is no such time: {}": "такого времени не бывает",
    "a list is named by letters, digits, dots and dashes, without a folder": (
        "в имени списка — буквы, цифры, точки и дефисы, без папки"
    ),
    "there are no lists here": "списков здесь нет",
    "put the file into the folder lists of the server's data_dir": (
        "положите файл в папку `lists` каталога данных"
    ),
    "put it into data_dir/lists": "положите его в папку `lists` каталога данных",
    "make it: a value a line": "создайте его: по значению в строке",
    # actions
    '"{}" needs it': "для этого действия нужно",
    'add {} = "…"': 'укажите `{} = "…"`',
    "add {} = …": "укажите `{} = …`",
    "add {} = {}": "укажите `{} = {}`",
    "for example {} = {}": "например, `{} = {}`",
    '"{}" takes no argument': "здесь ничего указывать не нужно",
    "a flag is one of {} or a word in Latin letters": (
        "флаг — один из {} или слово латинскими буквами"
    ),
    "a tag is a word or a few, at most {} characters on one line": (
        "метка — слово или несколько, до {} символов в одной строке"
    ),
    "the text has at most {} characters on one line": "текст — до {} символов в одной строке",
    "a priority is one of {}": "важность бывает такой: {}",
    "must be a text between quotes": "нужен текст в кавычках",
    "must be one line": "нужна одна строка",
    "must be true or false, without quotes": "нужно `true` или `false`, без кавычек",
    "must be a list of at most {} texts": "нужен список, не больше {} строк",
    "must be a table of at most {} texts": "нужна таблица, не больше {} строк",
    "must be one address, for example boss@example.org": (
        "нужен один адрес, например `boss@example.org`"
    ),
    "must be one address": "нужен один адрес",
    "must be one address or up to {}": "нужен один адрес, самое большее — {}",
    "must be a whole number from {} to {}, without quotes": "нужно целое число от {} до {}",
    "must be one of {}": "бывает таким: {}",
    "must have at most {} characters": "не длиннее {} символов",
    "must have no blanks, control characters or backslashes": (
        "не должно быть пробелов, управляющих символов и обратных косых черт"
    ),
    "must begin with https:// or http://": "должно начинаться с `https://` или `http://`",
    "must have no name or password before its host": "перед именем сервера не пишут имя и пароль",
    "must have a port above 0": "номер порта должен быть больше 0",
    "must name a host": "не указан сервер",
    "must name a host: a domain name, or an address": "не указан сервер: имя или адрес",
    "must write an address as usual: 192.0.2.1": "адрес пишут так: `192.0.2.1`",
    "is no URL: {}": "это не ссылка",
    "must have a group for the number, such as (\\d+)": (
        "нужна скобка для номера, например `(\\d+)`"
    ),
    "must be at most {} texts of {} characters": "не больше {} строк по {} символов",
    "must be the NAME of a [commands.NAME] in the settings": (
        "нужно имя программы из раздела настроек `commands`"
    ),
    'must be the names of an extension and of its part: "shop.book"': (
        "нужны имена расширения и его части: `shop.book`"
    ),
    "has a name that is not of letters, digits and single underscores": (
        "в имени могут быть буквы, цифры и одиночные подчёркивания"
    ),
    'has "{}" and "{}", which are the same variable to a program: BITRIXMAIL_VALUE_{}': (
        "«{}» и «{}» для программы — одна переменная: `BITRIXMAIL_VALUE_{}`"
    ),
    'must be a time from "1s" to "{}s"': "нужно время от `1s` до `{}s`",
    ("must be the name of a secret, not the secret itself: whoever may read rules would read it;"
     " put it into [actions.secrets] of the settings, and its name here"): (
        "нужно имя секрета, а не сам секрет: правила видны всем; сам секрет впишите в настройки, "
        "раздел `actions`, а сюда — его имя"
    ),
    "must be at most {} fields": "не больше {} полей",
    'has "{}", which is no name of a header field': "«{}» — не имя поля заголовка",
    'has "{}", which is set by this program': "«{}» сервер ставит сам",
    'has "{}", which is no name of a field: TITLE, UF_CRM_1': (
        "«{}» — не имя поля; бывает `TITLE`, `UF_CRM_1`"
    ),
    '"url" is for format = "json" alone': '`url` бывает только при `format = "json"`',
    'choose "inline"': "выберите `inline`",
    "is missing: a chat has to be named": "не указано: нужно назвать чат",
    'add dialog = "chat42"': 'укажите `dialog = "chat42"`',
    "must be between an hour and a year": "нужно от часа до года",
    "lies before starts": "раньше первого дня",
    "name a later day": "укажите день позже",
    "names {{}}, which is not given": "подставляется {{{}}}, но значение не дано",
    'has a "{}" by itself: write it twice if it is meant': (
        "одиночная «{}»: если она нужна, напишите её дважды"
    ),
    "has {{}}, which is no name: write {subject}": (
        "{{{}}} подставить нельзя: бывает, например, `{{subject}}`"
    ),
    "has an {}: {}": "есть {}: {}",
    'is "url", and the settings have no actions.attachment_url': (
        "стоит `url`, а в настройках не указано `actions.attachment_url`"
    ),
    "set it, and listen.attachments, in the settings: docs/webhooks.md": (
        "укажите в настройках его и `listen.attachments`"
    ),
    "the settings have no actions.attachment_url, so its calls wait in the queue": (
        "в настройках не указано `actions.attachment_url`: вызовы ждут в очереди"
    ),
    # versions, groups, runs
    "there is nothing to undo": "отменять нечего",
    "bitrixmail rules import FILE makes the first version": (
        "первую версию создаёт первое правило"
    ),
    "a rule begins with [[rule]]; imported, the file removes all rules": (
        "правило начинается с `[[rule]]`; такой файл удалит все правила"
    ),
    "has no rules": "в ней нет правил",
    "bitrixmail rules group list shows which there are": "все группы — на странице «Правила»",
    "is not written as rules are": "записано не так, как пишут правила",
    "see docs/rules.md, Versions": "все версии — на странице «Правила»",
    "others are looked at or applied just now": "другие правила применяются прямо сейчас",
    "wait until that has ended": "дождитесь окончания",
    "is not known any more": "больше не известно",
    "was not looked at to its end": "не досмотрено до конца",
    "there is no such run": "такого запуска нет",
    "there is none that {}": "нет ни одного, который {}",
    "is {}, so it can't be resumed": "{}: продолжить нельзя",
    "none is in force for use by hand": "нет правил, которые выполняют вручную",
    ('bitrixmail rules import FILE; on = ["manual"] is one that may be applied'): (
        "отметьте у правила «вручную»"
    ),
    "is not for use by hand": "вручную не выполняется",
    'add "manual" to its on': "отметьте у него «вручную»",
    "is switched off": "выключено",
    "switch it on, or its group": "включите его или его группу",
    "another process carries it on, or took it back": "его уже продолжают или отменили",
    "was discarded, which is for good": "выброшено, вернуть нельзя",
    "is gone meanwhile": "тем временем исчезло",
    "the copy was changed meanwhile, so it stays": "копию тем временем изменили: остаётся",
    '{} of the rule "{}"': "{} правила «{}»",
    # templates and trials
    "must be filled in": "нужно заполнить",
    "say for whom the message is": "укажите, кому письмо",
    "give its id, its file, or its text": "укажите номер письма, файл или текст",
    "holds {} rules, not one": "правил здесь {}, а нужно одно",
    "to put several use the import": "несколько правил загружают на странице «Импорт и экспорт»",
    # changed by two
    "somebody else has changed it meanwhile": "тем временем это изменил кто-то другой",
    "put it once more to have yours in its place, or load it anew": (
        "сохраните ещё раз, чтобы поставить своё, или откройте заново"
    ),
}  # fmt: skip
