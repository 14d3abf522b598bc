"""Bounces in plain words: whose mail was not delivered, and why, by what hosts are used to write.

Pure, and linear in the length of the text. Exim, qmail, Postfix, Sendmail, Exchange, Domino and
the large providers each have wordings of their own; what they share is looked for: a list of
addresses, a sentence that says it failed, a copy of the message behind a line.
"""

from __future__ import annotations

import re

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.dsn import Action, Returned
from bitrixmail.model.text import printable

_MAX_RECIPIENTS = 100
_MAX_TOLD = 1000
_MAX_LINE = 1000
_WORD = r"[^\s<>()\[\]{}\"'`,:;=@\\]"
_ADDRESS = re.compile(rf"{_WORD}{{1,64}}@{_WORD}{{1,200}}\.?[^\W_]", re.UNICODE)
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)", re.ASCII)

_DAEMONS = re.compile(
    r"mailer.?daemon|postmaster|mail.?daemon|mail delivery|delivery (?:sub)?system|mail system"
    r"|system administrator|mail administrator|mdaemon|служба доставки|почтов\w+ (?:служб|систем)",
    re.IGNORECASE,
)
_SUBJECTS = re.compile(
    r"undeliver|undelivrable|non.?deliver|not (?:be )?deliver|deliver\w* (?:\w+ )?"
    r"(?:fail|status|notif|report|problem|error|delay|has)"
    r"|fail\w* (?:mail|deliver|notice|to deliver)"
    r"|failed:|returned (?:mail|to sender|message)|mail (?:error|fail|not)|message (?:delayed|not)"
    r"|delayed|rejected|bounce|nondeliverable|недостав|не доставл|не удалось|ошибка доставки"
    r"|возврат|задерж",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"(?:not|n't|cannot|unable to|no longer|nicht|pas|never) (?:\w+ ){0,3}?"
    r"(?:deliver|receiv|reach|accept|transfer|relay|zustell|distribu)"
    r"|undeliver|deliver\w* [^.\n]{0,60}?(?:fail|problem|error|delay|postpone)"
    r"|fail\w* [^.\n]{0,40}?deliver|(?:address|recipient)\S{0,5} [^.\n]{0,40}?(?:failed|fatal)"
    r"|permanent (?:fatal )?(?:delivery )?error|returned to (?:the )?sender|has been returned"
    r"|user(?: is)? (?:unknown|not)|unknown (?:user|recipient)|no such (?:user|recipient|mailbox)"
    r"|(?:mail ?box|quota|disk)[^.\n]{0,40}?(?:full|exceed)|over (?:disk )?quota"
    r"|(?<!\d)[45]\d\d [45]\.\d{1,3}\.\d{1,3}|\brejected\b|failed recipients"
    r"|invalid (?:final )?(?:deliver|recipient|address|mailbox)|mailbox unavailable"
    r"|не (?:\w+ ){0,3}?достав|недоставлен"
    r"|не (?:удалось|может быть) [^.\n]{0,40}?(?:отправ|достав)",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"will (?:be )?(?:re-?tr(?:y|ied)|continue|keep|go on)|attempts will continue"
    r"|(?:still|keep) (?:being )?(?:trying|awaiting|queued|attempt)|(?:been|is|are) delayed"
    r"|not yet (?:been )?(?:deliver|receiv)|a warning|warning only|been postponed"
    r"|(?:no|not need to|n't need to) (?:action|resend|take any|do anything)"
    r"|попытк\w* [^.\n]{0,40}?(?:будут|будет|продолж)|задержива|временно не",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"(?:have|has|'ve) (?:now )?(?:been )?(?:given up|returned)|giving up|permanent|no further"
    r"|fatal|will not be retried|больше не|прекращен",
    re.IGNORECASE,
)
_AUTOMATIC = re.compile(
    r"\s*+(?:re: ?)?(?:out of (?:the )?office|automatic reply|auto.?(?:matic)?.?(?:reply|respon)"
    r"|vacation|away from|on holiday|автоответ|автоматический ответ|(?:я )?в отпуске|отсутству"
    r"|abwesenheit|r.ponse automatique)",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^[ \t>]*+(?:[-=_*+ ]{3,}+[^\n]{0,40}?(?:cop(?:y|ies)\b|original\b|returned\b|source\b|unsent"
    r"|message header|header of|headers? (?:of|follow)|below|message follows|text of|копия|оригинал"
    r"|исходн|заголов)|(?:the )?original (?:message|headers?)[^\n]{0,40}?(?:follow|:\s*$|below)"
    r"|received: (?:from|by)|return-path:|delivered-to: ?\S)",
    re.IGNORECASE | re.MULTILINE,
)
# At the start of a line, behind bullets, quotes, or a word that names it
_LISTED = re.compile(
    r"[ \t>*•\-\"'<\[(]*+(?:(?:smtp|mailto|rfc822|(?:intended |final-)?recipient(?: address)?"
    r"|address|failed|user|error-for|получатель|адрес)[:;= \t]+[\[<\"'(]*(?:smtp:)?)?",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:rcpt to|undeliver|deliver|fail|address|recipient|mailbox|mail box|user|account|unknown"
    r"|reach|receive|invalid|reject|smtp|sent to|message to|mail to|quota"
    r"|доставл|доставить|получател|адрес|ящик)",
    re.IGNORECASE,
)
_NOT_MEANT = re.compile(
    r"(?:contact|mail from|from:|sender|help|question|support|reply-to|assist|copy of|generated"
    r"|write to|обратитесь|отправител|message-id|поддержк)",
    re.IGNORECASE,
)
_STAFF = re.compile(
    r"(?:postmaster|mailer-daemon|mail-daemon|support|abuse|help|helpdesk|no-?reply|hostmaster)@",
    re.IGNORECASE,
)
_EXPANDED = re.compile(
    rf"\((?:expanded|generated|originally|was addressed)[^()@]{{0,40}}?\s<?({_ADDRESS.pattern})>?\)"
)
_TOLD = re.compile(r"[^\W_]{2,}")


def is_auto_reply(headers: HeaderSection, text: str) -> bool:
    """Tell whether a mailbox answers by itself, which says nothing of delivery (RFC 3834)."""
    if _AUTOMATIC.match(headers.text("subject")[:_MAX_LINE]):
        return True
    marked = any(map(headers.count, ("x-autoreply", "x-autorespond", "x-auto-response-suppress")))
    by_itself = headers.text("auto-submitted").lower().startswith("auto-replied")
    known = headers.count("x-failed-recipients") or _DAEMONS.search(
        headers.text("from")[:_MAX_LINE]
    )
    return bool(marked or by_itself) and not (known or _FAILED.search(text))


def looks_like_bounce(headers: HeaderSection, text: str) -> bool:
    """Tell whether a program of a mail host says that something was not delivered."""
    if headers.count("x-failed-recipients"):
        return True
    sender, subject = headers.text("from")[:_MAX_LINE], headers.text("subject")[:_MAX_LINE]
    daemon = bool(_DAEMONS.search(sender)) or not sender.strip(' <>"')
    titled = bool(_SUBJECTS.search(subject))
    if daemon and titled:
        return True
    said = without_copy(text)[0]
    if daemon or titled:
        return bool(_FAILED.search(said) or _DELAYED.search(said))
    return False


def without_copy(text: str) -> tuple[str, str]:
    """Part what a host says from the copy of the message that it puts behind it."""
    found = _COPY.search(text)
    if found is None:
        return text, ""
    copy = text[found.start() :]
    first = copy.partition("\n")[0]
    # A line that announces the copy belongs to neither; a field of it does.
    return text[: found.start()], copy if ":" in first[:20] else copy[len(first) :].lstrip()


def read_text(headers: HeaderSection, text: str) -> tuple[Returned, ...]:
    """Find the recipients that a bounce in plain words tells of."""
    said = without_copy(text)[0]
    ours = {address.lower() for name in ("to", "from") for address in _all(headers.text(name))}
    lines = [line[:_MAX_LINE] for line in said.split("\n")]
    addresses = _failed_field(headers) or _listed(lines, ours) or _mentioned(lines, ours)
    if not addresses:
        addresses = list(dict.fromkeys(one for one in _all(said) if _means_it(one, ours)))
    delayed = _DELAYED.search(said) and not _GIVEN_UP.search(said)
    action = Action.DELAYED if delayed else Action.FAILED
    return tuple(
        Returned(address, action, _status(told), printable(told, _MAX_TOLD), _expanded(told))
        for address, told in _diagnostics(addresses[:_MAX_RECIPIENTS], lines)
    )


def _all(text: str) -> list[str]:
    return [found.rstrip(".") for found in _ADDRESS.findall(text)]


def _means_it(address: str, ours: set[str]) -> bool:
    return address.lower() not in ours and not _STAFF.match(address)


def _failed_field(headers: HeaderSection) -> list[str]:
    """Read the field that Exim and others write."""
    return list(dict.fromkeys(_all(" ".join(headers.texts("x-failed-recipients")))))


def _listed(lines: list[str], ours: set[str]) -> list[str]:
    """Find addresses that begin a line."""
    found: dict[str, None] = {}
    for line in lines:
        begun = _LISTED.match(line)
        address = _ADDRESS.match(line, begun.end() if begun else 0)
        if address is not None and _means_it(address[0].rstrip("."), ours):
            found[address[0].rstrip(".")] = None
    return list(found)


def _mentioned(lines: list[str], ours: set[str]) -> list[str]:
    """Find addresses within sentences that speak of delivery."""
    found: dict[str, None] = {}
    for previous, line in zip(["", *lines], lines, strict=False):
        for address in _ADDRESS.finditer(line):
            before = line[: address.start()] if line[: address.start()].strip() else previous
            near = f"{before} {line[address.end() : address.end() + 80]}"
            meant = _BEFORE.search(near) and not _NOT_MEANT.search(before)
            if meant and _means_it(address[0].rstrip("."), ours):
                found[address[0].rstrip(".")] = None
    return list(found)


def _expanded(told: str) -> str:
    """Return the address of ours that became another one on the way."""
    found = _EXPANDED.search(told)
    return found[1] if found else ""


def _status(told: str) -> str:
    found = STATUS.search(told)
    return found[1] if found else ""


def _diagnostics(addresses: list[str], lines: list[str]) -> list[tuple[str, str]]:
    """Return with each address what is said of it: from its line to that of the next one."""
    lowered = [line.lower() for line in lines]
    owner: str | None = None
    told: dict[str, list[str]] = {address: [] for address in addresses}
    keys = {address.lower(): address for address in addresses}
    for line, low in zip(lines, lowered, strict=True):
        named = [keys[key] for found in _ADDRESS.findall(low) if (key := found.rstrip(".")) in keys]
        owner = named[0] if named else owner
        if owner is not None and line.strip():
            told[owner].append(line.strip())
    whole = " ".join(line.strip() for line in lines if line.strip())
    result = []
    for address in addresses:
        own = " ".join(told[address])
        words = _TOLD.findall(own.replace(address, ""))
        result.append((address, own if len(words) > 1 else whole))
    return result
