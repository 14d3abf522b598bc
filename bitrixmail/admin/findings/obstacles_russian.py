"""What keeps a door from listening, in Russian; see `russian`."""

from __future__ import annotations

# A place is a port of an address, of all, or the path of a socket
_PLACES = (
    ("port {} of all addresses", "порт {} на всех адресах"), ("{} port {}", "{}, порт {}"),
    ("{}", "{}"),
)  # fmt: skip
_REASONS = (
    ("taken by {}", "место занято, там {}"),
    ("permission denied for user {}", "у пользователя {} нет на это права"),
    ("this machine has no such address", "у этой машины нет такого адреса"),
    ("{}", "{}"),
)

OBSTACLE_SENTENCES: tuple[tuple[str, str], ...] = (
    *(
        (
            f"listen.{{}}: can't listen on {place}: {why}",
            f"listen.{{}}: нельзя слушать {at}: {said}",
        )
        for why, said in _REASONS
        for place, at in _PLACES
    ),
    ("see what it is: {}", "посмотрите, что это: {}"),
    ("see which one, as root: {}", "посмотрите от root, кто это: {}"),
    ("another port: {}", "другой порт: {}"),
    ("its addresses: {}", "её адреса: {}"),
    ("for all of them: {}", "на всех сразу: {}"),
    ("port {} of all addresses", "порт {} на всех адресах"),
    ("another program", "другая программа"),
)  # fmt: skip
