"""What a look at the records of a domain finds, in Russian; see findings_russian."""

from __future__ import annotations

RECORD_SENTENCES: tuple[tuple[str, str], ...] = (
    ("Where the DNS of {} is kept, add this record:",
     "Там, где ведётся DNS имени {}, добавьте эту запись:"),
    ("Where the DNS of {} is kept, replace the record by this one:",
     "Там, где ведётся DNS имени {}, замените запись на эту:"),
    ("Look again later; if it stays so, ask who keeps the DNS of the domain.",
     "Проверьте позже; если не пройдёт, спросите того, кто ведёт DNS домена."),
    # spf
    ("has no SPF record", "нет записи SPF"),
    ("has {} SPF records, and only one may be there", "записей SPF — {}, а должна быть одна"),
    ("names this server: {}", "называет этот сервер: {}"),
    ("may not name this server: {}", "возможно, не называет этот сервер: {}"),
    ("does not name this server: {}", "не называет этот сервер: {}"),
    ("Mail from a server that its domain does not name lands in spam or is refused.",
     "Почта с сервера, которого её домен не называет, попадает в спам или не доходит."),
    # dkim
    ("has no record", "нет записи"),
    ("has a record with another key", "в записи другой ключ"),
    ("is as it should be", "всё верно"),
    ("no longer signs; its record stands until {}",
     "больше не подписывает; запись нужна до {}"),
    ("is no longer needed: its record may be removed", "больше не нужен: запись можно удалить"),
    ("is no longer needed, and gone", "больше не нужен, записи уже нет"),
    ("Signatures by this key do not hold: large providers then mistrust the mail.",
     "Подписи этим ключом не сходятся: крупные почты перестают доверять письмам."),
    ("The key signs once its record was seen from here, or after a week in any case.",
     "Ключ начнёт подписывать, когда его запись увидят отсюда, а через неделю и без того."),
    # dmarc
    ("has no DMARC record", "нет записи DMARC"),
    ("has {} DMARC records, and then none counts",
     "записей DMARC — {}, и тогда ни одна не действует"),
    ("has no policy that can be read: {}", "в записи нет понятной политики: {}"),
    ("is there: {}", "есть: {}"),
    (("Large providers ask for it of whoever sends much; without it anybody may forge mail."),
     "Крупные почты требуют её от тех, кто много шлёт; без неё любой может подделать письмо."),
)  # fmt: skip
