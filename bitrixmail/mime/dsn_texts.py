"""What a notice says to people, in English and in Russian: what happened and what to do."""

from __future__ import annotations

from typing import NamedTuple

from bitrixmail.model.dsn import Action, Reason


class Sentence(NamedTuple):
    """The same in both languages."""

    english: str
    russian: str


SUBJECT = {
    Action.FAILED: Sentence("Your message was not delivered", "Письмо не доставлено"),
    Action.DELAYED: Sentence("Your message is delayed", "Доставка письма задерживается"),
    Action.DELIVERED: Sentence("Your message was delivered", "Письмо доставлено"),
}

HAPPENED = {
    Action.FAILED: Sentence(
        "Your message could not be delivered to:", "Ваше письмо не удалось доставить по адресу:"
    ),
    Action.DELAYED: Sentence(
        "Your message has not reached these recipients yet:",
        "Ваше письмо пока не доставлено по адресу:",
    ),
    Action.DELIVERED: Sentence(
        "Your message was delivered to:", "Ваше письмо доставлено по адресу:"
    ),
    Action.RELAYED: Sentence(
        "Your message was passed on to a server that does not report delivery, for:",
        "Ваше письмо передано серверу, который не сообщает о доставке, для адреса:",
    ),
    Action.EXPANDED: Sentence(
        "Your message was delivered to this address and passed on to its members:",
        "Ваше письмо доставлено по этому адресу и разослано его участникам:",
    ),
}

TOLD = Sentence("The server {host} said:", "Сервер {host} ответил:")
TOLD_BY_NOBODY = Sentence("The receiving server said:", "Принимающий сервер ответил:")
KNOWN = Sentence("The cause:", "Причина:")
TRYING = Sentence(
    "You need not do anything: the server goes on trying until {until}.",
    "Ничего делать не нужно: сервер будет повторять попытки до {until}.",
)
GOING_ON = Sentence(
    "You need not do anything: the server goes on trying.",
    "Ничего делать не нужно: сервер продолжит попытки.",
)
MORE = Sentence("And {count} more, see the attached report.", "И ещё {count}, см. вложенный отчёт.")
ABOUT = Sentence("The message: {subject}", "Письмо: {subject}")
NAMED = Sentence(
    "For the administrator: message {queue_id} at {hostname}.",
    "Для администратора: письмо {queue_id} на {hostname}.",
)

_ASK = Sentence(
    "Reach the recipient in another way, or show this notice to your administrator.",
    "Свяжитесь с получателем другим способом или покажите это сообщение администратору.",
)
_OURS = Sentence(
    "Show this notice to the administrator of your server, who can mend it.",
    "Покажите это сообщение администратору вашего сервера: исправить это может он.",
)
_LATER = Sentence("Send the message again later.", "Отправьте письмо ещё раз позже.")
_ADDRESS = Sentence(
    "There is no such address. Check how it is written and send the message again.",
    "Такого адреса нет. Проверьте, верно ли он написан, и отправьте письмо ещё раз.",
)
_DOMAIN = Sentence(
    "There is no such domain, or it takes no mail. Check what stands behind the @ of the address.",
    "Такого домена нет, или он не принимает почту. Проверьте часть адреса после знака @.",
)
_REFUSED = Sentence(
    "The recipient's server did not like the message. Change its text, links or attachments, "
    "or reach the recipient in another way.",
    "Серверу получателя не понравилось письмо. Измените текст, ссылки или вложения "
    "либо свяжитесь с получателем другим способом.",
)

ADVICE = {
    Reason.UNKNOWN_USER: _ADDRESS,
    Reason.BAD_ADDRESS: _ADDRESS,
    Reason.NO_SUCH_DOMAIN: _DOMAIN,
    Reason.TAKES_NO_MAIL: _DOMAIN,
    Reason.DISABLED: Sentence(
        "The mailbox is closed. Ask the recipient for another address.",
        "Почтовый ящик закрыт. Узнайте у получателя другой адрес.",
    ),
    Reason.MOVED: Sentence(
        "The recipient has another address now; it may be told above.",
        "У получателя теперь другой адрес; возможно, он указан выше.",
    ),
    Reason.MAILBOX_FULL: Sentence(
        "The recipient's mailbox is full. Tell the recipient, or send the message again later.",
        "Ящик получателя переполнен. Сообщите ему об этом или отправьте письмо позже.",
    ),
    Reason.TOO_LARGE: Sentence(
        "The message is too large. Make it smaller, or send a link in place of the files.",
        "Письмо слишком большое. Уменьшите его или пришлите ссылку вместо файлов.",
    ),
    Reason.SPAM: _REFUSED,
    Reason.CONTENT: _REFUSED,
    Reason.REPUTATION: _OURS,
    Reason.AUTHENTICATION: _OURS,
    Reason.SENDER: _OURS,
    Reason.TLS: _OURS,
    Reason.RATE_LIMITED: _LATER,
    Reason.GREYLISTED: _LATER,
    Reason.TIMEOUT: _LATER,
    Reason.UNREACHABLE: _LATER,
    Reason.DNS: _LATER,
    Reason.SYSTEM: _LATER,
    Reason.EXPIRED: _LATER,
    Reason.GIVEN_UP: Sentence(
        "Your administrator has stopped the delivery. Ask there before you send the message again.",
        "Доставку остановил ваш администратор. Спросите его, прежде чем отправлять письмо снова.",
    ),
}
OTHERWISE = _ASK
