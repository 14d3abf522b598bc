"""Warnings and errors of the diagnostic log, in Russian: for the page that shows the last ones."""

from __future__ import annotations

TROUBLES: dict[str, str] = {
    # reading of mail
    "{}: cut amid a message: {}": "{}: соединение оборвалось посреди письма: {}",
    "{}: nothing deleted: {}": "{}: ничего не удалено: {}",
    "{}: bug in a commit": "{}: ошибка программы при завершении сеанса",
    "{}: its SCRAM verifier can't be read": "{}: запись пароля для SCRAM не прочесть",
    "{}: bug in a login: {}\n{}": "{}: ошибка программы при входе: {}",
    "{}: bug in a login: {} | {}": "{}: ошибка программы при входе: {}",
    # sending by the API
    "not in the audit log: {} has sent {}: {}": (
        "не записано в журнал действий: {} отправил письмо {}: {}"
    ),
    # what is looked at
    "the probe {} failed": "проба {} не удалась",
    "the examination failed": "проверка не удалась",
    "the {} failed": "не удалось: {}",
    "{} failed": "сбой: {}",
    "{} {} failed": "сбой: {} {}",
    "{}: {} was right and now {}. {} {}": "{}: {} было верно, а теперь {}. {} {}",
    "{}: {}: {}. {}": "{}: {}: {}. {}",
    "what was told of the records can't be kept: {}": (
        "что рассказано о записях DNS, не запомнить: {}"
    ),
    "what was told of the records can't be read: {}": (
        "что рассказано о записях DNS, не прочесть: {}"
    ),
    "faults around this server: {}; `bitrixmail doctor` tells what to do": (
        "вокруг сервера есть ошибки: {}; что делать, скажет страница «Проверка»"
    ),
    # rules, extensions
    "{} could not be judged": "правила не выполнились для {}",
    "message {} could not be judged": "правила не выполнились для письма {}",
    "judging a message for {} failed": "правила не выполнились: письмо для {}",
    "judging a message took longer than {} s": "правила выполнялись дольше {} с",
    "message {} could not be parsed": "письмо {} не разобрать",
    "message {} could not be written down": "письмо {} не записать",
    "the new rules can't be used, the old ones stay: {}": (
        "новые правила не подходят, действуют прежние: {}"
    ),
    ("the stored rules can't be used, none is in force until `bitrixmail rules import` puts a"
     " readable set in their place: {}"): (
        "сохранённые правила не прочесть, не действует ни одно, пока не загружены новые: {}"
    ),
    "rules by the clock can't be used: {}": "правила по расписанию не подходят: {}",
    "rules by the clock are held up: {}": "правила по расписанию задержались: {}",
    "run {} can't be resumed: {}": "запуск {} не продолжить: {}",
    "list file {} is cut at {} octets": "файл списка {} обрезан, читается {} Б",
    "list file {} can't be read: {}": "файл списка {} не прочесть: {}",
    "the check {} took longer than {} s": "проверка {} шла дольше {} с",
    "the check {} failed": "проверка {} не удалась",
    "the extension {} can't be loaded": "расширение {} не загружается",
    "extension {}: {}": "расширение {}: {}",
    "{}; the last time: {}": "{}; последний раз: {}",
    "the source {} is left out": "источник {} пропущен",
    "the source {} does not end, and is left alone": "источник {} не заканчивается и брошен",
    "the digests of the quarantine are held up: {}": "рассказы о карантине задержались: {}",
    # the server
    "{}: {} ({}): new connections wait; {}": "{}: {} ({}): новые подключения ждут; {}",
    "domain {} not made: {}": "домен {} не создан: {}",
    "metrics without the store: {}": "счётчики без хранилища: {}",
    "a page of metrics failed": "страница счётчиков не удалась",
    "the search is not brought up to date: {}": "поиск не обновляется: {}",
    "receiver {}: {}": "процесс приёма {}: {}",
    "receiver {} (PID {}) ended, {}: it is started again{}": (
        "процесс приёма {} (PID {}) завершился, {}: запущен снова{}"
    ),
    "receiver {} not started: {}": "процесс приёма {} не запустился: {}",
    "receiver {} does not end: killed": "процесс приёма {} не завершался, остановлен силой",
    "a receiver ends badly": "процесс приёма завершился с ошибкой",
    "a receiver cannot start: {}": "процесс приёма не запускается: {}",
    "a receiver cannot start": "процесс приёма не запускается",
    "settings not taken: {}": "настройки не приняты: {}",
    "settings not reloaded, the old ones stay: {}": "настройки не приняты, действуют прежние: {}",
    "a restart is needed for: {}": "нужен перезапуск, чтобы подействовало: {}",
    "connections cut after {} s": "через {} с соединения оборваны",
    "what waits keeps its former routes and times: {}": (
        "что уже ждёт, пойдёт прежним путём и в прежнее время: {}"
    ),
    "the start failed: {}": "запуск не удался: {}",
    "the start failed": "запуск не удался",
    "{}: bug in a command": "{}: ошибка программы в команде",
    "{} under pressure: {} of {} connections are taken; who sends nothing for {} s is sent away": (
        "{}: наплыв, занято подключений {} из {}; кто молчит {} с, отключается"
    ),
    "{}: {} octets of plain text before TLS thrown away": (
        "{}: {} Б открытого текста перед TLS выброшено"
    ),
    "a file of a message could not be served": "файл письма не отдать",
    "a file of a message can't be read: {}": "файл письма не прочесть: {}",
    "a certificate could not be judged": "сертификат не проверить",
    "{} refusals not noted: {}": "отказы не записаны ({}): {}",
    "writing a content failed": "содержимое письма не записать",
    "{} not removed: {}": "{} не удалить: {}",
    "{} not tidied up: {}": "{}: не прибрано: {}",
    "polling for changes ended": "слежение за изменениями остановилось",
    "looking for changes failed: {}": "изменения не узнать: {}",
    "looking for changes failed": "изменения не узнать",
    "a watcher of {} failed": "слежение за {} не удалось",
    "a call failed": "вызов API не удался",
    "what has happened can't be read: {}": "что произошло, не прочесть: {}",
    # mail on its way
    "{} actions of rules were given up: see bitrixmail queue list --dead --actions, and"
    " bitrixmail queue retry ID": (
        "действий правил не выполнено: {}; они на странице «Очередь», в снятых"
    ),
    "a message to postmaster was not taken: {}": "письмо для postmaster не принято: {}",
    "mail waits, its host does not show the TLS that is asked for: {}": (
        "почта ждёт: у сервера нет нужного TLS: {}"
    ),
    "{}: an action could not be carried out": "{}: действие не выполнить",
    "notices that are owed wait: {}": "уведомления ждут: {}",
    "{}: no ticket could be made of it": "{}: обращение не создать",
    "the queue can't be read: {}": "очередь не прочесть: {}",
    "{}: the job {} could not be carried out": "{}: задание {} не выполнить",
    '{} for {}, wanted by the rule "{}", was given up: {}; see: bitrixmail queue show {}': (
        "{} для {}, правило «{}»: не удалось: {}; подробности — в очереди, письмо {}"
    ),
    "the MTA-STS policy of {} can't be had: {}": "политику MTA-STS домена {} не получить: {}",
    "less safe than before: {}": "безопасность стала ниже: {}",
    "the store can't be read: {}": "хранилище не читается: {}",
    "deciding on {} failed": "не решить, что делать: {}",
    "deliveries can't be written down: {}": "доставки не записать: {}",
    "sending could not be begun as a window opened": "отправка по расписанию не началась",
    "a delivery to {} does not end": "доставка в {} не заканчивается",
    "{} can't be read: {}": "{} не прочесть: {}",
    "delivering {} failed": "доставка не удалась: {}",
    # the directory of programs
    "[pickup] names {}, a user that this machine does not have": (
        "в разделе `pickup` назван {}, а такого пользователя на машине нет"
    ),
    "the pickup directory waits for {} s: {}": "каталог программ ждёт {} с: {}",
    "pickup: a file {}; it is now {}": "каталог программ: файл {}; теперь он {}",
    "only user {} may put mail into {} (for all: chmod {} {})": (
        "класть почту в {1} может только {0} (чтобы все: `chmod {2} {3}`)"
    ),
    "pickup: {}: the mail of user {} waits in the directory until then (limits: [pickup])": (
        "каталог программ: {}: до тех пор почта пользователя {} ждёт там"
    ),
    "{} of the pickup directory can't be taken": "{} из каталога программ не взять",
    "pickup: user {} gave a sender that is none, so it counts as not given: {}": (
        "каталог программ: {} указал неверного отправителя, он не учтён: {}"
    ),
    "user {} is told of no more refusals this hour": (
        "{}: об отказах в этот час больше не сообщается"
    ),
}  # fmt: skip
