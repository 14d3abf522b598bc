"""What each operation of the API does, in one Russian line; see `api_words`."""

from __future__ import annotations

SUMMARIES: dict[str, str] = {
    "Add a domain.": "Добавить домен.",
    "Add a mailbox.": "Добавить ящик.",
    "Add a user.": "Добавить пользователя.",
    "Add an alias, or give it other targets.": "Добавить псевдоним или изменить, куда он ведёт.",
    "Ask a user for no code any more: he has lost what makes them.": (
        "Больше не спрашивать у пользователя код: он потерял то, что их создаёт."
    ),
    "Ask the DNS anew; it may take half a minute.": (
        "Спросить DNS заново; может занять полминуты."
    ),
    "Begin to look at what rules would change; nothing changes yet.": (
        "Начать смотреть, что изменили бы правила; пока ничего не меняется."
    ),
    "Carry out what was looked at.": "Выполнить то, что посмотрели.",
    "Change settings: into the file, and into force as far as that goes without a start.": (
        "Изменить настройки: в файле и сразу в действии, если для этого не нужен перезапуск."
    ),
    "Change what is said of a mailbox.": "Изменить свойства ящика.",
    "Close, reopen or give away a ticket.": "Закрыть, открыть снова или передать обращение.",
    "Compare two versions.": "Сравнить две версии.",
    "Count the jobs by state.": "Сосчитать задания по состоянию.",
    "Count the open jobs by domain and age.": (
        "Сосчитать невыполненные задания по домену и возрасту."
    ),
    "End a session of a user.": "Завершить сеанс пользователя.",
    "Explain how the spam filter scores a message by what it knows now.": (
        "Объяснить, какую оценку даёт письму спам-фильтр и почему."
    ),
    "Forget a search.": "Удалить сохранённый поиск.",
    "Give a file of a message, whatever it says it is.": "Отдать файл из письма как есть.",
    "Give a stored message as it came.": "Отдать письмо в том виде, в каком пришло.",
    "Give a user another role or password, or lock him out.": (
        "Изменить роль или пароль пользователя или закрыть ему вход."
    ),
    "Give every setting with its help, value, default, source, and when it takes effect.": (
        "Все настройки: пояснение, значение, значение по умолчанию, откуда взято и когда "
        "подействует."
    ),
    "Give messages as an archive of files: at most 200, and 64 MiB.": (
        "Отдать письма архивом: не больше 200 и 64 МиБ."
    ),
    "Give the doctor's last look, or how far the one on its way has come.": (
        "Последняя проверка, или насколько продвинулась идущая."
    ),
    "Give the last changes, the newest first: who changed what, and when.": (
        "Последние изменения, новые сверху: кто, что и когда изменил."
    ),
    "Give the last warnings and errors of the log, the newest first.": (
        "Последние предупреждения и ошибки журнала, новые сверху."
    ),
    "Give the lines of the zone, to be copied.": "Строки зоны DNS, чтобы скопировать.",
    "Give the message of a job as it would be sent.": (
        "Отдать письмо задания в том виде, в каком оно уйдёт."
    ),
    "Give the rules in force as a file.": "Действующие правила файлом.",
    "Give the rules in force.": "Действующие правила.",
    "Give the settings in force; of secrets only that they are there.": (
        "Действующие настройки; о секретах — только что они есть."
    ),
    "Give up jobs and write to their senders.": (
        "Прекратить попытки и сообщить об этом отправителям."
    ),
    "Give what is measured, for Prometheus; unless `web.metrics` is off.": (
        "Счётчики для Prometheus; если не выключено `web.metrics`."
    ),
    "Give what was counted since the start.": "Что насчитано с запуска.",
    "Give what was received, refused, sent and so on in equal steps of time.": (
        "Сколько принято, отклонено, отправлено и так далее по равным промежуткам."
    ),
    "Go on with a run that was interrupted.": "Продолжить прерванный запуск.",
    "Have a rule asked at another place of its scope; beyond the last is the last.": (
        "Переставить правило среди правил для тех же ящиков; дальше последнего — последнее."
    ),
    "Have messages learned as spam or as none, and put where such mail belongs.": (
        "Запомнить письма как спам или не спам и переложить куда положено."
    ),
    "Have nothing sent to an address.": "Ничего не отправлять на адрес.",
    "Have the doctor look; it goes on by itself.": "Начать проверку; дальше она идёт сама.",
    "Have the site, or a mailbox, forget what the spam filter has learned.": (
        "Забыть то, чему научился спам-фильтр, для всех или для одного ящика."
    ),
    "Have the spam filter learn a message; a second time makes no difference.": (
        "Обучить спам-фильтр на письме; второй раз ничего не меняет."
    ),
    "Keep a search by a name.": "Сохранить поиск под именем.",
    "Keep waiting jobs back until they are released.": (
        "Задержать ждущие задания, пока их не отпустят."
    ),
    "Let a listener accept again; its state tells whether it does.": (
        "Снова принимать подключения; получилось ли, видно по состоянию."
    ),
    "Let a listener refuse connections; sessions that are open go on.": (
        "Отказывать подключениям; открытые сеансы продолжаются."
    ),
    "Let a mailbox send as somebody else.": "Разрешить ящику отправлять с чужого адреса.",
    "Let a sender in, or keep him out.": "Разрешить отправителя или запретить.",
    "Let held jobs go on.": "Отпустить задержанные задания.",
    "Let mail go to an address again.": "Снова отправлять на адрес.",
    "Let messages go from the quarantine.": "Выпустить письма из карантина.",
    "List all tokens of the API, in the order in which they were made.": (
        "Все токены API в том порядке, в котором их создавали."
    ),
    "List as whom mailboxes may send, beside their own addresses.": (
        "С каких ещё адресов, кроме своих, могут отправлять ящики."
    ),
    "List from which scores on something is done with a message.": (
        "С какой оценки с письмом что-то делается."
    ),
    "List jobs by rising number.": "Задания по возрастанию номера.",
    "List the addresses that nothing is sent to.": "Адреса, на которые ничего не отправляется.",
    "List the aliases by address.": "Псевдонимы по адресу.",
    "List the domains by name.": "Домены по имени.",
    "List the groups of rules.": "Группы правил.",
    "List the keys of DKIM of a domain, the oldest first; never their secrets.": (
        "Ключи DKIM домена, старые сверху; секреты не отдаются."
    ),
    "List the last runs, the newest first.": "Последние запуски, новые сверху.",
    "List the listeners, each with its state, and why it could not listen.": (
        "Входы: состояние каждого и почему не удалось открыть."
    ),
    "List the mailboxes by address.": "Ящики по адресу.",
    "List the messages of a mailbox, newest first.": "Письма ящика, новые сверху.",
    "List the parts of a message as they lie within one another.": (
        "Части письма, как они вложены друг в друга."
    ),
    "List the records that a domain needs in the DNS: MX, SPF, DKIM, DMARC.": (
        "Записи, которые нужны домену в DNS: MX, SPF, DKIM, DMARC."
    ),
    "List the rules in the order in which they are asked, with how often each matched.": (
        "Правила в том порядке, в каком выполняются; сколько раз подошло каждое."
    ),
    "List the searches that who asks has kept.": "Свои сохранённые поиски.",
    "List the senders that are let in or kept out.": "Разрешённые и запрещённые отправители.",
    "List the users by name.": "Пользователи по имени.",
    "List the versions of the rules, newest first, and what each changed.": (
        "Версии правил, новые сверху, и что изменила каждая."
    ),
    "List tickets, those changed last first.": "Обращения, недавно изменённые сверху.",
    "List what is in the quarantine, newest first.": "Письма в карантине, новые сверху.",
    "List what is looked at, applied or taken back, and the last few that were.": (
        "Что сейчас просматривается, применяется или отменяется, и несколько последних."
    ),
    "List where a user is logged in, the latest login first.": (
        "Где пользователь вошёл, последние сверху."
    ),
    "Look for messages, newest first.": "Найти письма, новые сверху.",
    "Look through the rules for what is well written and yet wrong.": (
        "Поискать в правилах то, что записано верно, а работает не так."
    ),
    "Make a token; its text is not told again.": "Создать токен; его текст покажут один раз.",
    "Make new keys of DKIM; the old ones sign until the records of these were seen.": (
        "Создать новые ключи DKIM; пока их записи не найдены, подписывают старые."
    ),
    "Mark messages as read, unread, flagged or not; tells how many differ now.": (
        "Отметить письма прочитанными или нет, поставить или снять флажок; вернёт, сколько "
        "изменилось."
    ),
    "Move messages to Trash; what lies there already is gone for good.": (
        "Переложить письма в Trash; что уже там, удаляется навсегда."
    ),
    "Move messages to a folder, made where it is missing.": (
        "Переложить письма в папку; если её нет, она создаётся."
    ),
    "Pass messages on to an address as they are; the queue tells how it goes on.": (
        "Переслать письма как есть; за доставкой следит очередь."
    ),
    "Put a rule in the place of the one of that name, or behind all where there is none.": (
        "Заменить правило с этим именем; если такого нет, добавить последним."
    ),
    "Put a setting back to what it was before a change.": "Вернуть прежнее значение настройки.",
    "Put an older version into force again, as a new one.": (
        "Снова ввести старую версию, уже как новую."
    ),
    "Put rules into force in place of those there are.": "Заменить все правила.",
    "Put the rules of a file into force in place of those there are.": (
        "Заменить все правила теми, что в файле."
    ),
    "Read the audit log, newest first.": "Журнал действий, новое сверху.",
    "Read the event log, newest first.": "Журнал событий, новые сверху.",
    "Read the settings anew; with `faults` the old ones stay in force.": (
        "Перечитать настройки; если есть ошибки (`faults`), действуют прежние."
    ),
    "Remove a domain with its mailboxes, aliases and all their mail.": (
        "Удалить домен со всеми ящиками, псевдонимами и письмами."
    ),
    "Remove a mailbox and its mail, unless an address leads to it.": (
        "Удалить ящик с письмами, если на него не ведёт другой адрес."
    ),
    "Remove a rule; undo brings it back.": "Удалить правило; отмена вернёт его.",
    "Remove a ticket; its letters stay where they lie.": (
        "Удалить обращение; письма останутся на месте."
    ),
    "Remove a token: whoever has it gets in no more.": "Удалить токен: с ним больше не войти.",
    "Remove a user with his sessions and tokens.": "Удалить пользователя, его сеансы и токены.",
    "Remove an alias, unless an address leads to it.": (
        "Удалить псевдоним, если на него не ведёт другой адрес."
    ),
    "Remove jobs without a word to anybody.": "Удалить задания, никому не сообщая.",
    "Remove messages of the quarantine for good.": "Удалить письма из карантина навсегда.",
    "Send a message as it stands, to the recipients of the query.": (
        "Отправить готовое письмо получателям из запроса."
    ),
    "Send a message that is written here from its parts.": (
        "Составить письмо из частей и отправить."
    ),
    "Send an answer to the owner of a ticket.": "Ответить автору обращения.",
    "Set or lift the catch-all of a domain.": (
        "Задать или отменить ящик для писем на несуществующие адреса домена."
    ),
    "Set or lift thresholds of a mailbox, a domain or all.": (
        "Задать или отменить пороги спама для ящика, домена или всех."
    ),
    "Set the password of a mailbox, or take it away.": "Задать пароль ящика или убрать.",
    "Sort messages by the rules that are for use by hand.": (
        "Разложить письма правилами, которые выполняют вручную."
    ),
    "Stop a listener and start it again.": "Остановить вход и запустить снова.",
    "Switch a group of rules on or off.": "Включить или выключить группу правил.",
    "Switch a rule on or off.": "Включить или выключить правило.",
    "Take a grant back.": "Забрать разрешение.",
    "Take a message apart: its fields, text, HTML, and its files by name.": (
        "Разобрать письмо: поля, текст, HTML и файлы по именам."
    ),
    "Take a sender off a list.": "Убрать отправителя из списка.",
    "Take back what a run has changed; what people changed since then stays.": (
        "Отменить сделанное запуском; что люди изменили после, останется."
    ),
    "Tell all that is known of a message: its places, its header section, its events.": (
        "Всё, что известно о письме: где лежит, заголовок, события."
    ),
    "Tell how far a look, a run or an undo is.": "Насколько продвинулся просмотр или запуск.",
    "Tell how much a mailbox holds.": "Сколько писем в ящике и какого размера.",
    "Tell how often each rule has matched.": "Сколько раз подошло каждое правило.",
    "Tell how the server is.": "Как чувствует себя сервер.",
    "Tell of a domain.": "О домене.",
    "Tell of a listener.": "О входе.",
    "Tell of a mailbox.": "О ящике.",
    "Tell of a rule.": "О правиле.",
    "Tell of a ticket, with all that was said in it.": "Обращение и вся переписка в нём.",
    "Tell of a user.": "О пользователе.",
    "Tell of one job by its number, or of all of a message by its queue id.": (
        "Задание по номеру или все задания письма."
    ),
    "Tell of version, processes, disk, certificate, and of settings that wait for a start.": (
        "Версия, процессы, диск, сертификат и настройки, которые ждут перезапуска."
    ),
    "Tell the pages what happens as it happens, as /api/v1/events does.": (
        "Сообщать страницам о событиях сразу, как `/api/v1/events`."
    ),
    "Tell what happened to a message or at an address, oldest first, and why.": (
        "Что и почему случилось с письмом или на адресе, старое сверху."
    ),
    "Tell what happens as it happens: server-sent events, at most four a second of a topic.": (
        "Сообщать о событиях сразу (SSE): по каждой теме не чаще четырёх раз в секунду."
    ),
    "Tell what the last look at the records of a domain found.": (
        "Что показала последняя проверка записей домена."
    ),
    "Tell what the spam filter has learned, the site first.": (
        "Чему научился спам-фильтр, сначала для всех ящиков вместе."
    ),
    "Tell what waits by destination, and of those that are down why, and when asked again.": (
        "Что ждёт по направлениям; для недоступных — почему и когда новая попытка."
    ),
    "Tell where a message stands, for each recipient.": (
        "Что с письмом сейчас, по каждому получателю."
    ),
    "Tell where mail for an address goes, and how it would go out.": (
        "Куда идёт почта для адреса и каким путём."
    ),
    "Tell whether the server takes mail: 200, or 503 with what keeps it from that.": (
        "Принимает ли сервер почту: 200 — да, 503 — нет, и что мешает."
    ),
    "Tell whether the server works: 200, or 503 with what is wrong.": (
        "Исправен ли сервер: 200 — да, 503 — нет, и что случилось."
    ),
    "Tell who asks, what may be done with the token, and what sessions and tokens there are.": (
        "Кто спрашивает, что разрешает токен, какие есть сеансы и токены."
    ),
    "Try jobs at once; one that was given up lives anew.": (
        "Попробовать сейчас; брошенное задание оживает."
    ),
    "Try the rules on a message; nothing is stored or done.": (
        "Проверить правила на письме; ничего не сохраняется и не выполняется."
    ),
    "Write something down that nobody outside gets to see.": (
        "Записать заметку, которую снаружи не видно."
    ),
}
