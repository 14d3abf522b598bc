"""What the doctor finds, in Russian. Pure: English sentences in, Russian ones out.

A sentence that is not known, a command and a zone line stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from bitrixmail.admin.findings.host_russian import HOST_PHRASES, HOST_SENTENCES
from bitrixmail.admin.findings.name_servers_russian import ANSWER_PHRASES, ANSWER_SENTENCES
from bitrixmail.admin.findings.obstacles_russian import OBSTACLE_SENTENCES
from bitrixmail.admin.findings.records_russian import RECORD_SENTENCES
from bitrixmail.model.finding import Finding

_Pair = tuple[str, str]
# {} is what stands there as it is, or a sentence in its turn. The first that fits is taken.
_SENTENCES: tuple[_Pair, ...] = (
    # the examination itself
    ("was not found out within {} s", "не удалось выяснить за {} с"),
    ("What could not be looked at may be well or broken.",
     "Что не удалось проверить, может быть исправно, а может и нет."),
    ("Look again when the machine and its network are less busy.",
     "Проверьте ещё раз, когда машина и сеть будут меньше заняты."),
    ("could not be looked at: {}", "не удалось проверить: {}"),
    ("This is a fault of bitrixmail itself, not of your server.",
     "Это ошибка самого bitrixmail, а не вашего сервера."),
    # store
    ("is not there yet: the first start makes it", "ещё нет: появится при первом запуске"),
    ("opens; domains: {}", "открывается; доменов: {}"),
    ("may not be read by user {}, who asks", "не может прочесть пользователь {}, который спросил"),
    ("Its domains could not be looked at.", "Её домены проверить не удалось."),
    ("Without its database the server takes no mail; its domains could not be looked at.",
     "Без базы сервер не принимает почту; домены проверить не удалось."),
    # what was looked at
    ("database", "база"),
    ("name servers {}", "DNS-серверы {}"),
    ("domains", "домены"),
    ("module ssl", "модуль ssl из Python"),
    ("doors", "входы сервера"),
    ("tcp:{} outwards", "tcp:{} наружу"),
    ("smarthost {}", "smarthost {}"),
    # dns
    ("answer within {} ms; {}", "отвечают за {} мс; {}"),
    ("prove by DNSSEC what they say", "ответы подтверждены DNSSEC"),
    ("DNSSEC is not used, as they do not prove it to this machine",
     "DNSSEC не используется: этой машине они его не подтверждают"),
    ("invent addresses: of {}, which nobody has, they say {}",
     "выдумывают адреса: для {}, которого ни у кого нет, отвечают {}"),
    ("Mail to a mistyped domain goes to whoever stands there, and is not returned.",
     "Письмо на домен с опечаткой уйдёт к неизвестно кому и не вернётся."),
    ("take {} s for an answer", "отвечают {} с"),
    ("Each message waits for several: the first one to a domain is late by as much.",
     "Каждое письмо ждёт нескольких ответов: первое на новый домен на столько и опоздает."),
    ("Run one of your own, which asks nobody but those who know:",
     "Поставьте свой, который спрашивает только тех, кто знает:"),
    ("and let it be asked. Put this below [dns] {}",
     "и пусть спрашивают его. Впишите под [dns] {}"),
    ("do not answer: {}", "не отвечают: {}"),
    ("No name can be looked up, so nothing about your domains can be told.",
     "Ни одного имени не узнать, поэтому о ваших доменах ничего сказать нельзя."),
    ("See which name servers this machine asks:",
     "Посмотрите, какие DNS-серверы спрашивает эта машина:"),
    ("Or name others. Put this below [dns] {}", "Или укажите другие. Впишите под [dns] {}"),
    ("could not be looked at, because the name servers do not answer",
     "проверить не удалось: DNS-серверы не отвечают"),
    # hostname
    ("is not a full name: no other server can look it up",
     "неполное имя: ни один другой сервер его не найдёт"),
    ("Set server.hostname to the full name, like {}.",
     "Укажите в server.hostname полное имя, например {}."),
    ("Other mail servers look this name up to find where to bring mail.",
     "По этому имени другие серверы узнают, куда нести почту."),
    ("Look again later; if it stays so, ask who keeps the DNS of this name.",
     "Проверьте позже; если не пройдёт, спросите того, кто ведёт DNS этого имени."),
    ("does not exist in the DNS", "нет в DNS"),
    ("has no address", "нет адреса"),
    ("could not be looked up: {}", "узнать не удалось: {}"),
    ("is an alias (CNAME) of {}: an MX record may not lead to it",
     "псевдоним (CNAME) имени {}: запись MX не должна на него указывать"),
    ("leads to {}, which only {} can reach", "ведёт на {}: туда не попасть из интернета ({})"),
    ("leads to {}, which is not this machine (it has {})",
     "ведёт на {}, а это не эта машина (её адреса: {})"),
    ("leads to {}: that of a router before this machine, or another machine",
     "ведёт на {}: это маршрутизатор перед этой машиной или другая машина"),
    ("Compare it with the address that the panel of your hosting shows, or that of your router.",
     "Сравните его с адресом, который показывает панель хостинга, или с адресом маршрутизатора."),
    ("If it is the same, put this below [server] {}", "Если он тот же, впишите под [server] {}"),
    ("leads to {}", "ведёт на {}"),
    ("Where the DNS of {} is kept, replace its records (A, AAAA, CNAME) by:",
     "Там, где ведётся DNS имени {}, замените его записи (A, AAAA, CNAME) на:"),
    (("{} is the public address of this server: the panel of your hosting shows it. Write it"
     " into server.public_addresses too."),
     ("{} — внешний адрес этого сервера, его показывает панель хостинга. Впишите его и в"
     " server.public_addresses.")),
    # ptr
    ("no public address of this server is known", "внешний адрес сервера неизвестен"),
    ("Take the one that the panel of your hosting shows in the place of ADDRESS.",
     "Вместо ADDRESS поставьте тот, который показывает панель хостинга."),
    ("Put this below [server] {}", "Впишите под [server] {}"),
    ("Large providers refuse mail, or call it spam, from an address without a true name.",
     "Крупные почты отвергают письма с адреса без верного имени или считают их спамом."),
    ("has no name (PTR record)", "нет имени (записи PTR)"),
    ("has the name {}, which does not lead back to it", "имя {} не ведёт обратно на этот адрес"),
    ("has the name {}, and the server calls itself {}",
     "имя адреса — {}, а сервер называет себя {}"),
    ("has the name {}, which leads back to it", "имя {} ведёт обратно на этот адрес"),
    ("Ask the provider of {} (its panel often calls it reverse DNS or PTR) to set:",
     "Попросите провайдера адреса {} (в панели это «обратная DNS» или PTR) записать:"),
    # mx
    ("there is none yet", "пока ни одного нет"),
    ("This server takes mail for its domains alone.",
     "Сервер принимает почту только для своих доменов."),
    ("Add the first, with your own name:", "Добавьте первый, со своим именем:"),
    ("its MX records could not be looked up: {}", "записи MX узнать не удалось: {}"),
    ("says that it takes no mail at all (null MX: {})",
     "объявляет, что не принимает почту вовсе (пустая MX: {})"),
    ("has no MX record; mail comes by its own address {}",
     "нет записи MX; почта идёт по собственному адресу домена {}"),
    ("has no MX record and its own address {} is not this server",
     "нет записи MX, а собственный адрес домена {} — не этот сервер"),
    ("has no MX record and no address", "нет ни записи MX, ни адреса"),
    ("its mail goes elsewhere first: {}", "почта сначала идёт на другой сервер: {}"),
    ("its mail goes elsewhere: {}", "почта идёт на другой сервер: {}"),
    ("a part of its mail goes elsewhere: {}", "часть почты идёт на другой сервер: {}"),
    (("Of records with equal numbers each server takes any: a part of the mail for {} does not come"
      " here."),
     "Из записей с равным числом каждый сервер берёт любую: часть почты для {} сюда не приходит."),
    (("Or, if the other server keeps mail for this one while it is away, put it behind it by a"
      " larger number:"),
     "Или, если тот сервер хранит почту, пока этого нет, поставьте его позади, числом побольше:"),
    ("its mail comes here: {}", "почта приходит сюда: {}"),
    ("may lead elsewhere: {}", "возможно, ведёт на другой сервер: {}"),
    ("{}: MX {}", "{}: MX {}"),
    ("{} is an address, and an MX record must lead to a name",
     "{} — адрес, а запись MX должна указывать на имя"),
    ("{} is an alias (CNAME) of {}, and an MX must not lead to one",
     "{} — псевдоним (CNAME) имени {}, MX не должна на него указывать"),
    ("{} has no address", "у {} нет адреса"),
    ("{} has an address that the Internet can't reach",
     "у {} адрес, недоступный из интернета"),
    ("Mail for {} does not come to this server.", "Почта для {} не приходит на этот сервер."),
    ("Some servers will not bring mail for {}.", "Часть серверов не понесёт почту для {}."),
    ("Whether mail for {} comes to this server can't be told.",
     "Приходит ли сюда почта для {}, сказать нельзя."),
    ("A change of the website's address would take the mail away with it.",
     "Стоит сайту переехать на другой адрес, и почта уйдёт за ним."),
    ("Mail for {} comes here only if the server before does not take it.",
     "Почта для {} приходит сюда, только если её не взял тот сервер."),
    ("If a filter stands there on purpose, nothing is wrong.",
     "Если там нарочно стоит фильтр, всё верно."),
    ("Register {}, and name its DNS servers where it is registered.",
     "Зарегистрируйте {} и укажите у регистратора его DNS-серверы."),
    ("Where the DNS of {} is kept, replace its MX records by this one:",
     "Там, где ведётся DNS домена {}, замените его записи MX на эту:"),
    ("See what another name server says:", "Посмотрите, что говорит другой DNS-сервер:"),
    ("If that fails too, ask who keeps the DNS of the domain.",
     "Если и он не ответит, спросите того, кто ведёт DNS домена."),
    # outgoing
    ("{} greets: {}", "{} приветствует: {}"),
    ("no answer from {}: it is filtered on the way", "нет ответа от {}: по пути стоит фильтр"),
    ("{} refuse the connection: it is closed on the way or there",
     "{} отвергают соединение: закрыто по пути или там"),
    ("{} can't be reached", "до {} не добраться"),
    ("{} can't be reached ({})", "до {} не добраться ({})"),
    ("{} answer, and do not greet this server ({})",
     "{} отвечают, но этот сервер не приветствуют ({})"),
    ("no mail server to try was found: {}", "не нашлось почтового сервера для пробы: {}"),
    ("Mail from this server to other mail servers will not leave it; what comes in still does.",
     "Почта отсюда на другие серверы не уйдёт; входящей это не мешает."),
    ("Ask the provider to open outgoing TCP port 25; many keep it closed until they are asked.",
     "Попросите провайдера открыть исходящий порт TCP 25: многие держат его закрытым."),
    (("Or send by a mail server of your provider, or of a mail service (a smarthost), with what"
      " they gave you for it. Put this below [outbound] {}"),
     ("Или отправляйте через почтовый сервер провайдера или почтовой службы (smarthost), с тем, что"
      " они для этого дали. Впишите под [outbound] {}")),
    ("Then let the SPF record of each domain name the servers of that service, too: it says how.",
     "Затем впишите в запись SPF каждого домена и серверы этой службы: она скажет, как."),
    ("See whether outbound.smarthost has the name and the port that its owner told you.",
     "Проверьте, те ли имя и порт стоят в outbound.smarthost, что назвал его владелец."),
    ("All mail from this server goes by that one, and waits until it answers.",
     "Вся почта отсюда идёт через него и ждёт, пока он ответит."),
    ("it takes connections, which begin with TLS", "принимает соединения, начиная с TLS"),
    ("Name other domains in doctor.outgoing.", "Укажите другие домены в doctor.outgoing."),
)  # fmt: skip
_ALL = (
    *_SENTENCES, *HOST_SENTENCES, *RECORD_SENTENCES, *OBSTACLE_SENTENCES, *ANSWER_SENTENCES,
)  # fmt: skip
_PHRASES: tuple[_Pair, ...] = (
    ("only for the machine itself", "только для самой машины"),
    ("only for the neighbours on one cable", "только для соседей по кабелю"),
    ("only for a private or reserved network", "только для частной или служебной сети"),
    ("the machine itself", "только сама машина"),
    ("the neighbours on one cable", "только соседи по кабелю"),
    ("a private or reserved network", "частная или служебная сеть"),
    ("none of that kind", "таких нет"),
    ("no answer from ", "нет ответа от "),
    ("(no address)", "(нет адреса)"),
    ("has no MX record", "нет записи MX"),
    ("has no address", "нет адреса"),
    ("they say nothing", "молчат"),
    ("hangs up", "вешает трубку"),
    *ANSWER_PHRASES,
)
_DEEPEST = 3
_DATE = re.compile(r"(\d{4})-(0[1-9]|1[0-2])-(\d{2})")
_MONTHS = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября",
    "октября", "ноября", "декабря",
)  # fmt: skip


def finding_in_russian(finding: Finding) -> Finding:
    """Say a whole finding in Russian."""
    return replace(
        finding,
        subject=in_russian(finding.subject),
        what=in_russian(finding.what),
        why=in_russian(finding.why),
        remedies=tuple(map(in_russian, finding.remedies)),
    )


def in_russian(text: str, depth: int = 0) -> str:
    """Say a sentence of a finding in Russian, or return it as it is."""
    for pattern, russian in _patterns():
        found = pattern.fullmatch(text)
        if found is None:
            continue
        parts = (_inner(part, depth) for part in found.groups())
        return russian.format(*parts)
    return text


def _inner(text: str, depth: int) -> str:
    """Say what stands inside a sentence: sentences, or phrases among names."""
    date = _DATE.fullmatch(text)
    if date is not None:
        return f"{int(date[3])} {_MONTHS[int(date[2]) - 1]} {date[1]}"
    if depth < _DEEPEST:
        text = "; ".join(in_russian(part, depth + 1) for part in text.split("; "))
    for english, russian in (*_PHRASES, *HOST_PHRASES):
        text = text.replace(english, russian)
    return text


def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return _compiled(_ALL)


@cache
def _compiled(sentences: tuple[_Pair, ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile("(.*?)".join(map(re.escape, english.split("{}")))), russian)
        for english, russian in sentences
    )
