"""What `quickstart` says, in English and Russian."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language. The names in braces are filled in by `quickstart`."""

    head: str
    done: str
    kept: str
    password: str
    user: str
    start: str
    service: str
    port_25: str
    zone: str
    placeholder: str
    after_zone: str
    send: str
    read: str
    doctor: str
    sites: str


ENGLISH = Words(
    head="Settings of the mail server of {domain}, written by `bitrixmail quickstart`.\n"
    "`bitrixmail config show` shows every other one with its value.",
    done="Written: {settings}, {unit}\nMade: the domain {domain}, the mailbox {address}",
    kept="The mailbox {address} was there already: it has a new password, and its mail.",
    password="The password of {address}, shown this once:",  # noqa: S106 - a heading
    user="The user of the server does not exist yet. Make it, and give it the directory:",
    start="Start the server and look at it work (Ctrl-C ends it):",
    service="Or let systemd run it, now and after each restart:",
    port_25="Other servers send to port 25. Lead it to {port} (more ways: docs/port-25.md):",
    zone="Lines for the zone of {domain}, where the domain was bought:",
    placeholder="(No public address was found on this machine: put the one under which the world"
    " reaches it, as your provider shows it, in the place of ADDRESS.)",
    after_zone="Ask your provider to let the address of this machine be named {hostname} in reverse"
    " (PTR). In the SPF line name other servers that send for {domain} as well, if any do.",
    send="In another terminal, send a message:",
    read="and read it:",
    doctor="Then see what still keeps mail away:",
    sites="Let the sites and scripts of this machine send by it (PHP's mail(), cron;"
    " docs/sendmail.md):",
)
RUSSIAN = Words(
    head="Настройки почтового сервера {domain}, записаны командой `bitrixmail quickstart`.\n"
    "`bitrixmail config show` покажет все остальные и их значения.",
    done="Записаны: {settings}, {unit}\nСозданы: домен {domain}, ящик {address}",
    kept="Ящик {address} уже был: у него новый пароль, письма на месте.",
    password="Пароль ящика {address}, показывается один раз:",  # noqa: S106 - a heading
    user="Пользователя, от имени которого работает сервер, ещё нет. Создайте его и отдайте ему"
    " каталог:",
    start="Запустите сервер и посмотрите, как он работает (Ctrl-C — остановить):",
    service="Или поручите его systemd, сейчас и после каждой перезагрузки:",
    port_25="Другие серверы шлют почту на порт 25. Направьте его на {port} (другие способы:"
    " docs/port-25.md):",
    zone="Записи DNS для {domain}, внесите их там, где куплен домен:",
    placeholder="(Публичного адреса на этой машине не нашлось: вместо ADDRESS поставьте тот, по"
    " которому её видно снаружи; его показывает ваш хостинг.)",
    after_zone="Попросите хостинг дать адресу этой машины обратное имя (PTR) {hostname}. Если за"
    " {domain} шлют почту и другие серверы, допишите их в строку SPF.",
    send="В другом терминале отправьте письмо:",
    read="и прочитайте его:",
    doctor="Потом посмотрите, что ещё мешает почте:",
    sites="Пусть сайты и скрипты этой машины шлют почту через него (mail() в PHP, cron;"
    " docs/sendmail.md):",
)


def words_of(language: str) -> Words:
    """Return the words of a language."""
    return RUSSIAN if language == "ru" else ENGLISH
