"""The replies of this server itself, in Russian: each line with its codes, as the log has it."""

from __future__ import annotations

from collections.abc import Iterator

OWN_REPLIES: dict[str, str] = {
    # the store and the limits
    "451 4.3.0 Local error in processing, please try again later": (
        "ошибка на нашей стороне, пусть повторят позже"
    ),
    "451 4.3.0 The message store is not available, please try again later": (
        "хранилище писем недоступно, пусть повторят позже"
    ),
    "452 4.3.1 Insufficient system storage, please try again later": (
        "на диске нет места, пусть повторят позже"
    ),
    "421 4.3.2 Service closing transmission channel": "сервер останавливается",
    "421 4.3.2 Too many connections, please try again later": "слишком много подключений",
    "421 4.3.2 Too many connections from your address": (
        "слишком много подключений с этого адреса"
    ),
    "421 4.3.2 Too many new connections from your address, slow down": (
        "слишком частые подключения с этого адреса"
    ),
    "421 4.3.2 Too many connections from your network": "слишком много подключений из этой сети",
    "421 4.3.2 Too many new connections from your network, slow down": (
        "слишком частые подключения из этой сети"
    ),
    "450 4.7.1 Too many messages from your address, slow down": (
        "слишком много писем с этого адреса"
    ),
    "450 4.7.1 Too many recipients from your address, slow down": (
        "слишком много получателей с этого адреса"
    ),
    "450 4.2.0 Another session is reading this folder": "папку сейчас читает другая программа",
    # recipients
    "550 5.1.1 No such mailbox here": "такого ящика здесь нет",
    "550 5.7.1 Relaying denied: not a domain of this server": "чужой домен, пересылка запрещена",
    "452 4.2.2 Mailbox full, please try again later": "ящик переполнен",
    "554 5.4.6 Too many hops: this message is going in circles": "письмо ходит по кругу",
    "550 5.7.1 Refused by the recipient": "не принято получателем",
    "452 4.5.3 Too many recipients, send the rest separately": (
        "слишком много получателей, остальным — отдельным письмом"
    ),
    "550 5.7.1 That address takes notices of mail systems alone": (
        "этот адрес принимает только уведомления почтовых серверов"
    ),
    "550 5.4.6 That address leads back to itself": "этот адрес ведёт сам на себя",
    "550 5.7.1 Nothing is sent to {}: {}": "на {} ничего не отправляется: {}",
    "250 2.0.0 Ok: queued as {}": "поставлено в очередь: {}",
    # mail of our own mailboxes
    "550 5.7.13 This account is switched off": "ящик выключен",
    "550 5.6.0 The message has no From field, or one without an address": (
        "в письме нет поля «От» или в нём нет адреса"
    ),
    "550 5.6.0 The message has more than one From field": "в письме больше одного поля «От»",
    "550 5.6.0 The header section of the message is too long": "слишком длинные заголовки письма",
    "550 5.7.1 The null sender is for reports and automatic replies alone": (
        "пустой отправитель — только для отчётов и автоответов"
    ),
    "553 5.7.1 {} may not send as {}": "{} не может отправлять от имени {}",
    "550 5.7.1 From: {}": "поле «От»: {}",
    "501 5.5.4 A message is held for {} seconds at most": (
        "отложить письмо можно не больше чем на {} с"
    ),
    "450 4.7.1 {} has sent {} {} within {}, try again after {} UTC": (
        "{} — уже отправлено {2}: {1}, срок: {3}; снова можно после {4} UTC"
    ),
    "550 5.7.1 This user may not send as that address": (
        "этому пользователю нельзя отправлять от имени этого адреса"
    ),
    "553 5.1.3 Not an address": "это не адрес",
    # the session
    "220 {} ESMTP ready": "приветствие сервера {}",
    "250 2.0.0 Chunk received": "часть письма принята",
    "250 2.0.0 OK": "принято",
    "250 2.1.0 Sender OK": "отправитель принят",
    "250 2.1.5 Recipient OK": "получатель принят",
    "354 End data with <CR><LF>.<CR><LF>": "сервер ждёт текст письма",
    "221 2.0.0 Bye": "сеанс закончен",
    "220 2.0.0 Ready to start TLS": "можно начинать TLS",
    "252 2.0.0 Cannot VRFY a user, but will take mail for one": (
        "проверить адрес нельзя, а письмо на него примут"
    ),
    "214 2.0.0 See RFC 5321; the reply to EHLO names what is offered": (
        "справка: RFC 5321, возможности названы в ответе на EHLO"
    ),
    "421 4.4.2 Timeout, closing transmission channel": "слишком долгое молчание",
    "421 4.4.2 Content comes too slowly, closing transmission channel": (
        "письмо передаётся слишком медленно"
    ),
    "421 4.7.0 Too many errors, closing transmission channel": "слишком много ошибок",
    "421 4.7.0 Too many commands without a message, closing": "слишком много команд, а письма нет",
    "421 4.7.0 Too many recipients refused and none accepted, closing": (
        "много получателей отвергнуто, ни один не принят"
    ),
    "421 4.3.2 Too many messages in one session, connect again": (
        "слишком много писем за одно подключение"
    ),
    "421 4.3.2 Too many recipients refused, closing": "слишком много получателей отвергнуто",
    "421 4.3.2 Too busy for wrong commands, closing": (
        "сервер занят, на ошибочные команды нет времени"
    ),
    "452 4.5.3 Too many recipients refused, send the rest separately": (
        "слишком много получателей отвергнуто, остальным — отдельным письмом"
    ),
    "500 5.5.2 A command is one line of text ended by CR LF": (
        "команда — одна строка текста с концом CR LF"
    ),
    "500 5.5.2 Command line too long": "слишком длинная команда",
    "500 5.5.1 Command not recognized": "такой команды нет",
    "502 5.5.1 Command not offered here": "эта команда здесь не предлагается",
    "501 5.5.4 This command takes no argument": "у этой команды нет параметров",
    "501 5.5.4 Syntax: HELO or EHLO, then your host name": (
        "после HELO или EHLO нужно имя своего сервера"
    ),
    "501 5.5.2 Syntax: MAIL FROM:<address>": "команда отправителя написана неверно",
    "501 5.5.2 Syntax: RCPT TO:<address>": "команда получателя написана неверно",
    "501 5.5.4 Syntax: BDAT octets [LAST]; where commands go on is not clear": (
        "команда BDAT написана неверно, где её продолжение — непонятно"
    ),
    "501 5.5.4 Syntax: XCLIENT attribute=value, see XCLIENT_README": (
        "команда XCLIENT написана неверно"
    ),
    "501 5.5.2 Not UTF-8": "это не UTF-8",
    "501 5.1.7 Bad sender address syntax": "адрес отправителя написан неверно",
    "501 5.1.3 Bad recipient address syntax": "адрес получателя написан неверно",
    "553 5.6.7 Address needs SMTPUTF8 at MAIL": "для такого адреса нужен SMTPUTF8",
    "555 5.5.4 Parameter not recognized": "такого параметра нет",
    "501 5.5.4 Parameter malformed or given twice": "параметр написан неверно или дважды",
    "552 5.3.4 Message larger than the fixed maximum": "письмо больше допустимого размера",
    "503 5.5.1 Send HELO or EHLO first": "сначала нужна команда HELO или EHLO",
    "503 5.5.1 Sender already given": "отправитель уже назван",
    "503 5.5.1 Send MAIL first": "сначала нужна команда MAIL",
    "503 5.5.1 Send RCPT first": "сначала нужна команда RCPT",
    "554 5.5.1 No valid recipients": "ни одного принятого получателя",
    "503 5.5.1 Content is being sent by BDAT already": "письмо уже передаётся командой BDAT",
    "554 5.5.0 You spoke before the greeting": "команда пришла раньше приветствия",
    "503 5.5.0 Improper use of SMTP command pipelining": (
        "команды посланы пачкой там, где так нельзя"
    ),
    "503 5.5.1 Not within a mail transaction": "во время передачи письма так нельзя",
    "530 5.7.0 Log in first": "сначала нужно войти",
    "530 5.7.0 Send STARTTLS first, then log in": "сначала STARTTLS, потом вход",
    "538 5.7.11 Passwords are taken under TLS only: send STARTTLS first": (
        "пароль принимается только под TLS, сначала STARTTLS"
    ),
    "503 5.5.1 You are logged in already": "вход уже выполнен",
    "504 5.5.4 No such mechanism here": "такого способа входа здесь нет",
    "501 5.5.4 Syntax: AUTH mechanism [initial response]": "команда AUTH написана неверно",
    "501 5.5.2 Not what this mechanism expects": "этот способ входа ждёт другого ответа",
    "501 5.7.0 Cancelled": "вход отменён",
    "500 5.5.6 Authentication exchange line too long": "слишком длинная строка при входе",
    "535 5.7.8 Name or password is wrong": "неверное имя или пароль",
    "454 4.7.0 Nobody can be logged in now, please try again later": (
        "войти сейчас нельзя никому, пусть повторят позже"
    ),
    "235 2.7.0 Logged in": "вход выполнен",
    "554 5.7.1 LMTP is served to this machine alone": "LMTP — только для этой машины",
    "503 5.5.1 TLS is active already": "TLS уже включён",
    # the content
    "550 5.6.0 Content has CR or LF standing alone": (
        "в письме есть CR или LF поодиночке, а не парой CR LF"
    ),
    "550 5.6.0 Content has NUL": "в письме есть нулевые символы",
    "550 5.6.0 Content has a line that is too long": "в письме есть слишком длинная строка",
    # actions and destinations
    "550 5.7.1 from: {} is no address of {}": "{} — не адрес ящика {}",
    "250 2.0.0 Not answered: {}": "ответа нет: {}",
    "250 2.0.0 Not told: it is a notice itself": "не уведомили: это само уведомление",
    "550 5.4.6 A circle: it was passed on from {} before": "круг: из {} письмо уже пересылали",
    "550 5.4.6 A circle: {} leads to {} itself": "круг: {} ведёт в сам {}",
    "250 2.0.0 nothing learned: there is no {} any more": "ничего не запомнено: {} больше нет",
    "250 2.0.0 {} as {}": "{}: {}",
    "550 5.1.2 {} is no address": "{} — не адрес",
    "550 5.4.4 {} can't be reached from here": "до {} отсюда не добраться",
    "550 5.1.2 The domain {} does not exist": "домена {} не существует",
    "556 5.1.10 {} takes no mail (null MX)": "{} не принимает почту (пустая MX)",
    "550 5.4.4 The host {} does not exist": "сервера {} не существует",
    "550 5.4.4 No host takes mail for {}: {}": "почту для {} не берёт ни один сервер: {}",
    "451 4.4.3 {}": "{}",
    "451 4.4.4 {}": "{}",
}  # fmt: skip
# What sentences of replies are made of
REPLY_PARTS = {
    "messages": "писем",
    "recipients": "получателей",
    "a minute": "минута",
    "an hour": "час",
    "a day": "сутки",
    "learned": "запомнено",
    "changed": "изменено",
}


def own_replies() -> Iterator[tuple[str, str]]:
    """Yield each line with its code behind it, if it is a refusal, and each sentence alone."""
    for line, said in OWN_REPLIES.items():
        code, _, text = line.partition(" ")
        yield line, said if code < "4" else f"{said} ({code})"
        if text[:1].isdigit():
            text = text.partition(" ")[2]
        if any(char.isalpha() for char in text.replace("{}", "")) and text != "{} as {}":
            yield text, said
