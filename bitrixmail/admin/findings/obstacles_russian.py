"""What keeps a door from listening, in Russian; see `russian`."""

from __future__ import annotations

OBSTACLE_SENTENCES: tuple[tuple[str, str], ...] = (
    ("listen.{}: can't listen on {}: taken by {}",
     "listen.{}: нельзя слушать {}: место занято, там {}"),
    ("listen.{}: can't listen on {}: permission denied for user {}",
     "listen.{}: нельзя слушать {}: у пользователя {} нет на это права"),
    ("listen.{}: can't listen on {}: this machine has no such address",
     "listen.{}: нельзя слушать {}: у этой машины нет такого адреса"),
    ("listen.{}: can't listen on {}: {}", "listen.{}: нельзя слушать {}: {}"),
    ("see what it is: {}", "посмотрите, что это: {}"),
    ("see which one, as root: {}", "посмотрите от root, кто это: {}"),
    ("another port: {}", "другой порт: {}"),
    ("its addresses: {}", "её адреса: {}"),
    ("for all of them: {}", "на всех сразу: {}"),
    ("port {} of all addresses", "порт {} на всех адресах"),
    ("another program", "другая программа"),
)  # fmt: skip
