"""What this server itself says of other hosts, in Russian; its replies are in `own_replies`."""

from __future__ import annotations

from bitrixmail.admin.own_replies_russian import REPLY_PARTS, own_replies

REPLIES: dict[str, str] = {
    **dict(own_replies()),
    **REPLY_PARTS,
    # what we ourselves say of other hosts
    "Connection was refused by other side: {}": "сервер не принимает подключений",
    "Connection was refused by other side: {}.": "сервер не принимает подключений",
    "TCP connection timed out: {}": "сервер не отвечает",
    "TCP connection timed out: {}.": "сервер не отвечает",
    "User timeout caused connection failure.": "сервер не отвечает",
    "User timeout caused connection failure": "сервер не отвечает",
    "No route to host: {}": "к серверу нет пути",
    "No route to host: {}.": "к серверу нет пути",
    "Network is unreachable: {}": "сеть недоступна",
    "An error occurred while connecting: {}": "не удалось подключиться: {}",
    "Connection was closed cleanly.": "соединение закрыто",
    "Connection to the other side was lost in a non-clean fashion: {}": "соединение оборвалось",
    "Connection to the other side was lost in a non-clean fashion.": "соединение оборвалось",
    "Couldn't bind: {}": "не удалось занять адрес: {}",
    "DNS lookup failed: {}": "имя не найдено в DNS: {}",
    "the host has closed the connection": "сервер закрыл соединение",
    "we dropped the connection": "соединение прервано нами",
    "no end of the TLS handshake": "согласование TLS не закончилось",
    "TLS handshake: {}": "согласование TLS: {}",
    "TLS failed": "сбой TLS",
    "no TLS": "нет TLS",
    "the host takes too long": "сервер слишком долго не отвечает",
    "no reply to {}": "нет ответа на {}",
    "no answer to our call": "сервер не отвечает",
    "the connection is closed": "соединение закрыто",
    "the host does not offer STARTTLS": "сервер не умеет STARTTLS",
    "the host refuses STARTTLS": "сервер отказался от STARTTLS",
    "no login without TLS": "без TLS входить нельзя",
    "the host offers no way to log in that we know": "сервер не умеет знакомых нам способов входа",
    "the host refuses our login": "сервер не принял имя или пароль",
    "the host turns us away": "сервер нам отказал",
    "a reply before its command": "ответ раньше команды",
    "the host closes the session": "сервер закончил сеанс",
    "the host refuses amid the content": "сервер отказал посреди письма",
    "a message of {} octets ends before its end": "письмо в {} Б оборвалось",
    "too many recipients": "слишком много получателей",
    "a recipient was never asked for": "о получателе не спросили",
    "it is in the mailbox": "письмо в ящике",
    "The sender is no address that can be sent": "такого отправителя передать нельзя",
    "The recipient is no address that can be sent": "такого получателя передать нельзя",
    "The host does not offer SMTPUTF8, which the message needs": (
        "сервер не умеет SMTPUTF8, а письму это нужно"
    ),
    "The host does not offer 8BITMIME, which the message needs": (
        "сервер не умеет 8BITMIME, а письму это нужно"
    ),
    "The message has {} octets, the host takes {}": "в письме {} Б, а сервер берёт до {}",
    "an MX record leads to this server itself": "запись MX ведёт на этот же сервер",
    "{} ({}) could not be looked up: {}": "{} ({}) не удалось найти в DNS: {}",
    "{}: correct outbound.smarthost or outbound.route here": (
        "{}: исправьте `outbound.smarthost` или `outbound.route` в настройках"
    ),
    "Mail for {} would come back to this server, where it is not a local domain": (
        "письма для {} вернулись бы сюда, а такого домена здесь нет"
    ),
    "its MX records lead to no address": "его записи MX никуда не ведут",
    "it has neither MX records nor an address": "у него нет ни записей MX, ни адреса",
    "{} is an alias of {}": "{} — псевдоним {}",
    "{} has no address that can be reached from here: {}": "до {} отсюда не добраться: {}",
    "No host takes mail for {}: {}": "почту для {} не берёт ни один сервер: {}",
    "a null MX stands beside other MX records": "пустая MX стоит рядом с другими",
    "{} is no address": "{} — не адрес",
    "{} can't be reached from here": "до {} отсюда не добраться",
    "The domain {} does not exist": "домена {} не существует",
    "{} takes no mail (null MX)": "{} не принимает почту (пустая MX)",
    "The host {} does not exist": "сервера {} не существует",
    "{} is an address, no name": "{} — адрес, а не имя",
    "{} is not allowed by the MTA-STS policy of {}": "{} не разрешён политикой MTA-STS домена {}",
    "the TLSA records of {} could not be looked up": "записи TLSA для {} узнать не удалось",
    "a bounce of {} for {}": "уведомление о недоставке {} для {}",
    "it is no bounce": "это не уведомление о недоставке",
    "it names no message of ours": "в нём не названо наше письмо",
    "it names no recipient of {}": "в нём не назван получатель {}",
    "{} 5.1.1 {}": "{1} ({0})",
    "{} 5.7.1 {}": "{1} ({0})",
    "{} 5.7.54 {}": "{1} ({0})",
    "{} 4.2.2 {}": "{1} ({0})",
    "{} 5.4.6 {}": "{1} ({0})",
}  # fmt: skip
