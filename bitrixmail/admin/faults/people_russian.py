"""Faults of addresses, mailboxes, domains, users, mail and its queue, in Russian; see `russian`."""

from __future__ import annotations

PEOPLE: dict[str, str] = {
    # passwords
    "a password has at least one character": "в пароле должен быть хотя бы один символ",
    "a password has no control characters and no line breaks": (
        "в пароле не может быть управляющих символов и переводов строки"
    ),
    "a password has at most {} octets": "пароль не длиннее {} байт",
    "choose a longer one": "придумайте пароль длиннее",
    "is shorter than {} characters": "короче {} символов",
    "the two differ": "пароли не совпадают",
    "type the new one twice": "введите новый пароль два раза",
    "is wrong": "неверно",
    "was used already": "уже использован",
    "wait for the next one, and type that": "дождитесь следующего и введите его",
    "after many wrong ones none is looked at for a while": (
        "после многих неверных вход на время закрывается"
    ),
    "none is offered": "настройка не начата",
    "type one, or let one be made": "введите пароль или попросите его придумать",
    "give one of at least a few characters": "нужно хотя бы несколько символов",
    "has control characters or broken letters": "есть управляющие символы или испорченные буквы",
    # what is typed
    "not a domain name": "это не имя домена",
    "not a domain name: {}": "это не имя домена",
    "is not a domain name": "это не имя домена",
    "is not an address": "это не почтовый адрес",
    "is no address": "это не почтовый адрес",
    "has a wrong domain: {}": "неверный домен: {}",
    "has a local-part that can't be used here": "то, что стоит до @, здесь не подходит",
    "has more than {} octets before the @": "до @ больше {} байт",
    "has more than {} octets": "больше {} байт",
    "has a + before the @": "до @ стоит +",
    "a + marks a detail of an address (info+Folder@…); leave it out": (
        "после + в адресе пишут уточнение (`info+Папка@…`); уберите его"
    ),
    "before the @ stand letters, digits, dots and hyphens, no spaces or quotes": (
        "до @ пишут буквы, цифры, точки и дефисы, без пробелов и кавычек"
    ),
    "it must be one line of UTF-8 text": "нужна одна строка текста в UTF-8",
    "must be one line of at most {} characters": "нужна одна строка не длиннее {} символов",
    "is not a size": "это не размер",
    "is not a number of days": "это не число дней",
    "is too large": "слишком много",
    "is more than a hundred years": "больше ста лет",
    "is empty": "не заполнено",
    "is missing": "не указано",
    "is empty or too long": "пусто или слишком длинно",
    "is unknown": "такого нет",
    "is not known": "такого действия нет",
    "shorten it": "сократите",
    "choose another": "выберите другое",
    "choose fewer": "выберите поменьше",
    "choose a value by hand": "укажите значение сами",
    "leave it out": "уберите",
    "leave one of them out": "оставьте что-то одно",
    "begin anew": "начните заново",
    "write it like example.org": "пишите так: `example.org`",
    "write it like info@example.org": "пишите так: `info@example.org`",
    "write it like info@example.org, or <> for the null sender": (
        "пишите так: `info@example.org`, а пустой отправитель — `<>`"
    ),
    'write it like "500MiB" or "2GiB"; 0 means no limit': (
        "пишите так: `500MiB` или `2GiB`; 0 — без ограничения"
    ),
    'write it like "30d"; 0 means for ever': "пишите так: `30d`; 0 — всегда",
    "write it like INBOX or Invoices/2026": "пишите так: `INBOX` или `Счета/2026`",
    "write it like 2026-01-31 14:00": "пишите так: `2026-01-31 14:00`",
    'for example 2026-01-31 or "2026-01-31 14:00"': (
        "например, `2026-01-31` или `2026-01-31 14:00`"
    ),
    "for example info@example.org": "например, `info@example.org`",
    "for example example.org": "например, `example.org`",
    # folders
    "no such folder": "такой папки нет",
    "has no folder {}": "папки {} нет",
    "a folder's name has at most {} octets": "имя папки не длиннее {} байт",
    "a folder's name has no control characters": (
        "в имени папки не может быть управляющих символов"
    ),
    "between the slashes of a folder's name stand words": (
        "в имени папки между косыми чертами должны стоять слова"
    ),
    # domains, mailboxes, aliases
    "is a domain already": "такой домен уже есть",
    "is a mailbox already": "такой ящик уже есть",
    "is an alias already": "это уже псевдоним",
    "is an alias of {}": "это псевдоним: письма идут на {}",
    "is not a domain here": "такого домена на сервере нет",
    "{} is not a domain here": "домена {} на сервере нет",
    "is no domain of this server": "такого домена на сервере нет",
    "target {} is in no domain of this server": "{} не в домене этого сервера",
    "no such domain": "такого домена на сервере нет",
    "no such mailbox": "такого ящика нет",
    "no such alias": "такого псевдонима нет",
    "there is none": "такого нет",
    "nobody has this address": "такого адреса ни у кого нет",
    "must exist in every domain (RFC 5321 §4.5.1)": (
        "этот адрес должен быть в каждом домене (RFC 5321 §4.5.1)"
    ),
    "the alias {} leads to it": "на него указывает псевдоним {}",
    "it is the catch-all of {}": "сюда идут письма на все прочие адреса домена {}",
    "leads nowhere": "никуда не указывает",
    "leads back to itself: {}": "указывает сам на себя: {}",
    "would lead back to itself by {}": "указывал бы сам на себя через {}",
    "take one of them out of the circle": "разорвите круг: уберите один из адресов",
    "name at least one target": "укажите, куда отправлять письма",
    "name where it leads": "укажите, куда отправлять письма",
    "name another target": "укажите другой адрес",
    "name a local address": "укажите адрес этого сервера",
    "needs 1 to {} targets": "адресов должно быть от 1 до {}",
    "set the catch-all of {}": "выберите, куда идут письма на прочие адреса домена {}",
    "targets are addresses of this server; first: bitrixmail domain add {}": (
        "здесь указывают адреса этого сервера; сначала добавьте домен {}"
    ),
    "first: bitrixmail mailbox add {}": "сначала создайте ящик {} на странице «Ящики»",
    "first: bitrixmail domain add {}": "сначала добавьте {} на странице «Домены»",
    "bitrixmail mailbox add {}": "создайте {} на странице «Ящики»",
    "bitrixmail domain add {}": "добавьте {} на странице «Домены»",
    "bitrixmail domain remove {}": "домен {} удаляют на странице «Домены»",
    "bitrixmail alias remove {}": "псевдоним {} удаляют на странице «Ящики»",
    "bitrixmail mailbox remove {}": "ящик {} удаляют на странице «Ящики»",
    "bitrixmail mailbox list shows those there are": "все ящики — на странице «Ящики»",
    "bitrixmail mailbox grants {} shows what was": "что разрешено ящику {}, видно на его странице",
    "bitrixmail user list": "все — на странице «Пользователи»",
    "bitrixmail dns check": "проверьте командой `bitrixmail dns check`",
    "bitrixmail suppression remove {}": "снять запрет с {} можно на странице «Списки»",
    "see: bitrixmail mailbox list": "все ящики — на странице «Ящики»",
    "see: bitrixmail alias list": "все псевдонимы — на странице «Ящики»",
    "see: bitrixmail domain list": "все домены — на странице «Домены»",
    "see: bitrixmail sender list": "все — на странице «Списки»",
    "see: bitrixmail quarantine list": "все письма — на странице «Карантин»",
    "see: bitrixmail ticket list": "все — на странице «Обращения»",
    "see: bitrixmail rules runs list": "все запуски — на странице «Правила»",
    "see: bitrixmail rules log": "все версии — на странице «Правила»",
    "see: bitrixmail rules list": "все правила — на странице «Правила»",
    "see: bitrixmail doctor --only dns": "что с DNS, покажет страница «Проверка»",
    "a desk is a mailbox: bitrixmail mailbox list": (
        "обращения приходят в ящик; все ящики — на странице «Ящики»"
    ),
    "it goes with its domain: bitrixmail domain remove {}": (
        "он исчезнет только вместе с доменом {}"
    ),
    "first: bitrixmail alias remove {}, or give it other targets": (
        "сначала удалите псевдоним {} или укажите в нём другие адреса"
    ),
    "first: bitrixmail domain catch-all {} --none": (
        "сначала отмените приём писем на прочие адреса домена {}"
    ),
    "stands beside --alias-of": "вместе с `--alias-of` нельзя",
    "a domain alias has the addresses of the other domain; leave one out": (
        "у домена-псевдонима адреса другого домена; оставьте что-то одно"
    ),
    "cannot stand for {}, which stands for {} itself": (
        "не может заменять {}: тот сам заменяет {}"
    ),
    "name the domain that has the mailboxes": "укажите домен, в котором есть ящики",
    "has {} standing for it": "его заменяет {}",
    "is what {} stands for": "его заменяет {}",
    "change that first": "сначала измените это",
    "{} only stands for {}": "{} только заменяет {}",
    "use that domain": "возьмите этот домен",
    "has {} grants already": "разрешений уже {}",
    "{} was not granted to it": "{} этому ящику не разрешали",
    "grant it a whole domain": "разрешите ему весь домен",
    # keys and looks at the DNS
    "has new keys already: {}": "новые ключи уже есть: {}",
    "publish them (bitrixmail dns records {}), then let them sign: bitrixmail dns check {}": (
        "внесите их в DNS домена {} и нажмите «Проверить» на его странице"
    ),
    "name another selector": "укажите другой селектор",
    "is there already": "уже есть",
    "can't be looked at here": "отсюда проверить нельзя",
    "a look is under way": "проверка уже идёт",
    "try again in half a minute": "повторите через полминуты",
    # users, tokens
    "is no name of a user": "такого имени быть не может",
    "up to 64 of a-z, 0-9 and . _ @ -, a letter or digit first": (
        "до 64 знаков: `a-z`, `0-9` и `. _ @ -`, первой — буква или цифра"
    ),
    "no such user": "такого пользователя нет",
    "exists already": "уже есть",
    "choose another name": "выберите другое имя",
    "is the only active owner": "это единственный действующий владелец",
    "make another user an owner first": "сначала сделайте владельцем кого-то ещё",
    "say in 1 to {} letters what uses it": "напишите, для чего он, не длиннее {} букв",
    "no right was chosen": "не выбрано ни одного права",
    "choose among {}": "можно выбрать: `{}`",
    "a {} has less": "у вашей роли ({}) столько прав нет",
    "no such token": "такого токена нет",
    # mail
    "at most {} can be handled at once": "за один раз можно не больше {}",
    "at most {} messages and 64 MiB go at once": "за один раз не больше {} писем и 64 МиБ",
    "none of them is there any more": "ни одного из этих писем больше нет",
    "is none": "такой пометки нет",
    "is not there": "такого нет",
    "is not there (any more)": "этого (больше) нет",
    "is not there any more": "этого больше нет",
    "the message is not there any more": "этого письма больше нет",
    "no such message is stored": "такого письма нет",
    "no such message was seen": "такого письма не было",
    "nothing is known of it": "о таком письме ничего не известно",
    "is no name of a content": "такого содержимого нет",
    "use a button of the page": "нажмите кнопку на странице",
    "no mailbox kept it": "ни в одном ящике этого письма нет",
    "bitrixmail trace shows what became of it; test a copy of it from a file": (
        "что с ним стало, видно на его странице; проверить можно копию из файла"
    ),
    "is not in the quarantine{}": "такого письма в карантине нет",
    "has more than {} letters": "больше {} букв",
    "has more than {} characters": "больше {} символов",
    "must have 1 to {} characters": "нужно от 1 до {} символов",
    "is a line of 1 to {} characters": "нужна строка от 1 до {} символов",
    "write a short one": "напишите покороче",
    "{} searches are kept already": "поисков уже сохранено {}",
    "remove one of them first": "сначала удалите какой-нибудь",
    "is not suppressed: mail is sent to it": "не в списке: письма на этот адрес отправляются",
    "is not listed for {}": "в этом списке ({}) такого нет",
    "all": "для всех",
    "is no score": "это не оценка",
    "from 1 to 100, or off": "от 1 до 100 или `off`",
    "from 1 to 100, or empty for never": "от 1 до 100; пусто — никогда",
    "an id stands in the reply to the sender, in the log and in message list": (
        "номер письма есть в ответе отправителю, в журнале и в списке писем"
    ),
    # queue
    "is neither a job's number nor a queue id": "это не номер и не идентификатор письма",
    "is in no queue": "в очереди этого нет",
    "`bitrixmail trace` tells of what has left it": "что стало с ушедшим, видно на его странице",
    "there is none of that number": "с таким номером ничего нет",
    "there is none of that name": "с таким именем ничего нет",
    "nothing was chosen": "ничего не выбрано",
    "choose what is to be done": "выберите, что сделать",
    # tickets
    "is a number of several desks: {}, perhaps more": "такой номер есть у нескольких ящиков: {}",
    "add --desk {}": "добавьте `--desk {}`",
    "is no number of a ticket": "это не номер обращения",
    "give its text": "напишите текст",
    "nothing is sent to it: {}": "на этот адрес ничего не отправляется: {}",
    # spam
    "these counters were taken before": "эти счётчики уже перенесены",
    "to begin anew: bitrixmail spam forget": "начать заново: `bitrixmail spam forget`",
    "has nothing to learn from": "учиться не на чем",
    "give --ham DIR, --spam DIR or both": "укажите `--ham DIR`, `--spam DIR` или оба",
    # what is sent
    "the text has a NUL character: leave it out": "в тексте есть символ NUL: уберите его",
    "{} has a line end or a control character: leave it out": (
        "{}: перевод строки или управляющий символ, уберите его"
    ),
    "headers: {} is no name of a field: letters and hyphens": (
        "заголовок: {} — не имя поля, нужны буквы и дефисы"
    ),
    "headers: {} can't be given here: leave it out": "заголовок: {} задать нельзя, уберите",
    "a notice has recipients to tell of and goes to somebody": "в уведомлении нет адресатов",
    "reply addresses are signed by keys of {} octets": "ключ подписи ответов — {} байт",
    "send less at once, or a file in place of text": (
        "отправьте меньше за раз или файл вместо текста"
    ),
    "has more than {} fields": "в форме больше {} полей",
    # the server
    "is that of these pages: nobody could start it here again": (
        "через него открыты эти страницы: запустить его снова было бы некому"
    ),
    "take it out of the settings and restart the server": (
        "уберите его из настроек и перезапустите сервер"
    ),
    "what was there before is not known": "что было раньше, неизвестно",
    "was a secret, which nobody has written down": "это был секрет, а секреты не записываются",
    "there is no file of settings": "файла настроек нет",
    "make one: cp etc/bitrixmail.toml FILE, and start with --config FILE": (
        "создайте его: `cp etc/bitrixmail.toml FILE`, и запустите с `--config FILE`"
    ),
    "mend it with an editor": "исправьте его в редакторе",
    "see whether its disk is full: df -h": "проверьте, есть ли место на диске: `df -h`",
    # storage
    'for example "sqlite:///var/bitrixmail.sqlite"': (
        "например, `sqlite:///var/bitrixmail.sqlite`"
    ),
    "{} is not supported": "{} не поддерживается",
    "must name a file, and nothing else": "нужен файл, и больше ничего",
    "is no database URL": "это не адрес базы",
    "no trace: {}": "записи о пути нет: {}",
    "place {} is in no folder": "место {} не в папке",
    "{} was reached {} before, now {}": "{}: раньше шло через {}, теперь через {}",
}  # fmt: skip
