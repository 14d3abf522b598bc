"""What is wrong with settings that were typed, in Russian; see `russian`."""

from __future__ import annotations

SETTINGS: dict[str, str] = {
    'write it like "50MiB", "64KiB" or "10MB"': "пишите так: `50MiB`, `64KiB` или `10MB`",
    'write it like "50MiB"; 0: no limit': "пишите так: `50MiB`; 0 — без ограничения",
    'at least "512B"': "не меньше `512B`",
    'at most "36500d"': "не больше `36500d`",
    'at most "30s"': "не больше `30s`",
    'at most "15m"': "не больше `15m`",
    'write it with a unit: "100ms", "30s", "5m", "1h"': (
        "пишите с единицей: `100ms`, `30s`, `5m`, `1h`"
    ),
    'for example "30s"; there is no "for ever"': "например, `30s`; «всегда» не бывает",
    "for example 100": "например, `100`",
    "{} is no number of processes": "{} — не число процессов",
    '"auto", or from 1 to 16': "`auto` или от 1 до 16",
    'it must be "auto", "yes" or "no"': "должно быть `auto`, `yes` или `no`",
    'write it like "192.0.2.1" or "2001:db8::1"': "пишите так: `192.0.2.1` или `2001:db8::1`",
    'write it like "192.0.2.1", "127.0.0.1:5300" or "[::1]:5300"': (
        "пишите так: `192.0.2.1`, `127.0.0.1:5300` или `[::1]:5300`"
    ),
    'write it like "192.0.2.0/24" or "2001:db8::/32"': (
        "пишите так: `192.0.2.0/24` или `2001:db8::/32`"
    ),
    'write it like "127.0.0.1:8080"': "пишите так: `127.0.0.1:8080`",
    'write it like "tcp:25"': "пишите так: `tcp:25`",
    'write it like "example.org"': "пишите так: `example.org`",
    'write it like "example.org", "*.example.org" or "*"': (
        "пишите так: `example.org`, `*.example.org` или `*`"
    ),
    'write it like "smtp.example.com:587"': "пишите так: `smtp.example.com:587`",
    'write it like "https://shop.example.org/mail/"': (
        "пишите так: `https://shop.example.org/mail/`"
    ),
    'write it like "info@example.org", "@example.org" or "" for the null sender': (
        "пишите так: `info@example.org`, `@example.org` или пусто для пустого отправителя"
    ),
    'write it like "unix:/run/bitrixmail/smtp.sock"': (
        "пишите так: `unix:/run/bitrixmail/smtp.sock`"
    ),
    ('write it like "tcp:25" and list the proxy in smtp.proxy_networks, for readers in'
     " access.proxy_networks"): (
        "пишите так: `tcp:25`, а прокси впишите в `smtp.proxy_networks`, для чтения почты — в "
        "`access.proxy_networks`"
    ),
    ('write it like "tcp:25", "tcp:25:interface=127.0.0.1", "unix:/run/mail.sock" or'
     ' "systemd:domain=INET6:name=smtp"'): (
        "пишите так: `tcp:25`, `tcp:25:interface=127.0.0.1`, `unix:/run/mail.sock` или "
        "`systemd:domain=INET6:name=smtp`"
    ),
    "for example mode=660": "например, `mode=660`",
    "it takes {}": "бывает: {}",
    "{}: takes {}": "{}: бывает {}",
    "add domain={} to it": "добавьте `domain={}`",
    "add either name=smtp or index=0 to it": "добавьте `name=smtp` или `index=0`",
    "which inherited socket?": "какой из сокетов?",
    "no path of the socket": "не указан путь сокета",
    '{}="{}" is not a number': "{}: «{}» — не число",
    'mode="{}" is not octal': "права «{}» записаны не восьмеричным числом",
    "listen.{}: {}: the inherited socket is {}": "listen.{}: {}: переданный сокет — {}",
    "{} is not a list: {}": "{} — не список",
    'write it like "a,b" or ["a", "b"]': 'пишите так: `a,b` или `["a", "b"]`',
    "{} is not a table: {}": "{} — не таблица",
    'write it like { greylisted = ["2m"] }': 'пишите так: `{{ greylisted = ["2m"] }}`',
    'for example "Europe/Moscow"': "например, `Europe/Moscow`",
    'for example "www-data"': "например, `www-data`",
    'for example "/srv/shop"': "например, `/srv/shop`",
    'for example ["/usr/bin/php", "…"]': 'например, `["/usr/bin/php", "…"]`',
    'for example ["10s", "5m", "1h"]': 'например, `["10s", "5m", "1h"]`',
    'for example ["5m", "1h"]': 'например, `["5m", "1h"]`',
    "from 1 to 100": "от 1 до 100",
    "a number from 0 to 100": "число от 0 до 100",
    "{} is no score": "{} — не оценка",
    'the name of this server, like "mx.example.org"': (
        "нужно имя этого сервера, например `mx.example.org`"
    ),
    "{} is no host with a port": "{} — не имя сервера с портом",
    "no host with a port": "не имя сервера с портом",
    "{} is no domain": "{} — не домен",
    "{} is no sender": "{} — не отправитель",
    "{} is no name of a user": "{} — не имя пользователя",
    "{} is not a name": "{} — не имя",
    "{} is not UTF-8": "{}: это не UTF-8",
    '"{}" is no name': "«{}» — не имя",
    "is no name": "это не имя",
    "letters, digits, - and _": "буквы, цифры, - и _",
    "letters, digits, - and _, up to 40 of them": "буквы, цифры, - и _, не больше 40",
    'up to 40 letters, digits, "-" and "_": "crm"': "до 40 букв, цифр, - и _: `crm`",
    'up to 40 letters, digits, "-" and "_", for example "newsletter"': (
        "до 40 букв, цифр, - и _, например `newsletter`"
    ),
    # secrets and actions
    'in quotes: { crm = "…" }, or { crm = ["new", "old"] }': (
        'в кавычках: `{{ crm = "…" }}` или `{{ crm = ["новый", "старый"] }}`'
    ),
    "is neither a text nor a list of texts": "это ни текст, ни список текстов",
    "has no secret in it": "секрета в нём нет",
    "has a query": "после `?` ничего быть не должно",
    "write it as it stands in actions.secrets or secret_files": (
        "пишите так же, как в `actions.secrets` или `secret_files`"
    ),
    'name one, or leave it out: ["shop.example.org"]': (
        'укажите сервер или уберите: `["shop.example.org"]`'
    ),
    "has no wait, or one below a second": "нет ни одной паузы, или пауза короче секунды",
    "has a wait below a second": "пауза короче секунды",
    "is in actions.secret_files, too": "есть и в `actions.secret_files`",
    "make it: chmod 400, chown": "создайте файл: `chmod 400`, `chown`",
    "make it, readable by the user of the server: chmod 400, chown": (
        "создайте файл, который читает пользователь сервера: `chmod 400`, `chown`"
    ),
    "write the secret there": "впишите туда секрет",
    "write it there": "впишите его туда",
    "write it there, in UTF-8": "впишите его туда, в UTF-8",
    "is the name of no secret": "секрета с таким именем нет",
    "has no host": "не указан сервер",
    "{} has no password in its first line": "в первой строке {} нет пароля",
    # programs
    "{} is not a list of texts": "{} — не список текстов",
    'a program and its arguments, each by itself: ["/usr/bin/php", "/srv/shop/mail.php"]': (
        'программа и её аргументы по одному: `["/usr/bin/php", "/srv/shop/mail.php"]`'
    ),
    "the program is not named by its whole path": "нужен полный путь программы",
    "{} s are more than an attempt may take": "{} с — дольше, чем может длиться попытка",
    '"{}" is no whole path': "«{}» — не полный путь",
    "is too little for any program": "столько не хватит ни одной программе",
    "are too few for any program": "столько не хватит ни одной программе",
    '"{}" is told by this program itself': "«{}» сервер передаёт сам",
    "\"{}\" can't be a variable": "«{}» не может быть переменной",
    "its name: letters, digits and _": "в имени — буквы, цифры и _",
    "a name that does not begin with {}": "нужно имя, которое начинается не с {}",
    'at least "16MiB"; 0: no limit': "не меньше `16MiB`; 0 — без ограничения",
    "at least {}; 0: no limit": "не меньше {}; 0 — без ограничения",
    # sections and files
    "{}: not a domain name: {}": "{}: это не имя домена",
    "{}: {}": "{}: {}",
    "is not a table": "это не таблица",
    "write it as [{}]": "пишите так: `[{}]`",
    "is not a section": "это не раздел",
    "write it as a table: [{}]": "пишите так: `[{}]`",
    "it has {}": "бывает: `{}`",
    "sections: {}": "разделы: `{}`",
    "[{}] has {}": "в `[{}]` бывает: `{}`",
    'did you mean "{}"?': "может быть, `{}`?",
    'did you mean "[{}]"?': "может быть, `[{}]`?",
    "etc/bitrixmail.toml shows it": "как пишется, показывает `etc/bitrixmail.toml`",
    "is no setting": "такой настройки нет",
    "write it with two underscores: {}{}": "пишите с двумя подчёркиваниями: `{}{}`",
    "is not section.key=value": "нужно так: `раздел.имя=значение`",
    "write it like --set smtp.max_size=20MiB": "пишите так: `--set smtp.max_size=20MiB`",
    "name another by --config, or make it: cp etc/bitrixmail.toml FILE": (
        "укажите другой в `--config` или создайте его: `cp etc/bitrixmail.toml FILE`"
    ),
    'this version keeps its data in a file of SQLite: "sqlite:///var/bitrixmail.sqlite"': (
        "эта версия хранит данные в файле SQLite: `sqlite:///var/bitrixmail.sqlite`"
    ),
    "\"{}\" can't be used": "«{}» использовать нельзя",
    '"{}" stands there twice': "«{}» повторяется",
    ("mkdir -p /etc/systemd/system/bitrixmail.service.d"
     " && printf '[Service]\\nReadWritePaths={}\\n'"
     " > /etc/systemd/system/bitrixmail.service.d/settings.conf && systemctl daemon-reload"
     " && systemctl restart bitrixmail"): (
        "`mkdir -p /etc/systemd/system/bitrixmail.service.d "
        "&& printf '[Service]\\nReadWritePaths={}\\n' "
        "> /etc/systemd/system/bitrixmail.service.d/settings.conf "
        "&& systemctl daemon-reload && systemctl restart bitrixmail`"
    ),
    "name another one before the word bitrixmail, or none: --pidfile=": (
        "укажите другой перед словом bitrixmail или никакого: `--pidfile=`"
    ),
    "see docs/extending.md": "как, описано в `docs/extending.md`",
    # what keeps a door from opening
    "systemd opens it: systemctl enable --now {} (units in etc/systemd)": (
        "пусть откроет systemd: `systemctl enable --now {}`"
    ),
    "a capability in the unit: AmbientCapabilities=CAP_NET_BIND_SERVICE": (
        "право в юните: `AmbientCapabilities=CAP_NET_BIND_SERVICE`"
    ),
    "a capability of this Python: setcap cap_net_bind_service=+ep {}": (
        "право этому Python: `setcap cap_net_bind_service=+ep {}`"
    ),
    "authbind: {} && authbind --deep twistd …": "authbind: `{} && authbind --deep twistd …`",
    "the firewall redirects {} to {}: {}": "пусть файрвол перенаправит {} на {}: `{}`",
    "{}: permission denied for user {}": "{}: у пользователя {} нет права",
    "give the user the directory: install -d -o {} {}": (
        "отдайте каталог пользователю: `install -d -o {} {}`"
    ),
    # extensions
    "the condition {}": "условие {}",
    "the check {}": "проверка {}",
    "the source {}": "источник {}",
    'there is no extension "{}"; installed: {}': "расширения «{}» нет; установлены: {}",
    "install the package that has it, or leave it out (entry points {})": (
        "установите пакет, в котором оно есть, или уберите его (`entry points {}`)"
    ),
    '"{}" returned {}, which is not Parts': "«{}» вернуло {}, а не `Parts`",
    "mend it, or leave it out": "исправьте его или уберите",
    'the source {} of "{}" would block the server': "источник {} из «{}» остановил бы сервер",
    "make it async def, or have it return a Deferred, and say so": (
        "сделайте его `async def` или пусть вернёт `Deferred`"
    ),
    "\"{}\" can't be loaded: {}": "«{}» не загружается: {}",
    # routes
    'a password is told under TLS only: "encrypted", or better "verified"': (
        "пароль говорят только под TLS: `encrypted`, а лучше `verified`"
    ),
    "give {}password_file or {}password": "укажите `{}password_file` или `{}password`",
    "name it differently: that is outbound.smarthost": (
        "назовите иначе: это `outbound.smarthost`"
    ),
    "{} is no {}": "{}: такого нет ({})",
    "there are {}": "есть {}",
    "logs in nowhere": "входить некуда",
    "give {}.to as well": "укажите и `{}.to`",
    '"{}" with a login': "«{}», а вход с паролем",
    "leave it or password_file out": "уберите его или `password_file`",
    "has no password": "нет пароля",
    "is of nobody": "неизвестно чей",
    "give {}user as well": "укажите и `{}user`",
    '"{}" is there twice': "«{}» повторяется",
    "name each differently": "назовите по-разному",
    '"{}" is taken': "«{}» уже занято",
    "of which name?": "для какого имени?",
    "says nothing": "ничего не задано",
    'give it a schedule or quiet: quiet = ["Sat-Sun"]': (
        'укажите расписание или тихие часы: `quiet = ["Sat-Sun"]`'
    ),
    '"{}" is no route': "«{}» — такого пути нет",
    "parameters stand as {}, not {}": "параметры записаны как {}, а не {}",
    # changed by two
    'somebody else has changed it meanwhile: it is now "{}"': (
        "тем временем это изменил кто-то другой: теперь там «{}»"
    ),
    "save again to put yours in its place": (
        "сохраните ещё раз, чтобы поставить своё значение"
    ),
}  # fmt: skip
