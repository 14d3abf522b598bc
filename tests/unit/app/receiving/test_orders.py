from __future__ import annotations

import pytest

from bitrixmail.app.receiving.helping import Load
from bitrixmail.app.receiving.orders import Drain, Order, Orders, Ready, Report, Rest, written

GIVEN: tuple[Order, ...] = (
    Ready(),
    Report((("x_total", (("door", "smtp"),), 2.0),)),
    Rest(),
    Load(1, 2, 0.5),
    Drain(),
)


def test_orders_come_through_a_pipe_in_any_pieces() -> None:
    octets = b"".join(map(written, GIVEN))
    for size in range(1, len(octets) + 1):
        orders = Orders()
        pieces = [octets[start : start + size] for start in range(0, len(octets), size)]
        assert tuple(order for piece in pieces for order in orders.read(piece)) == GIVEN


def test_what_can_be_no_order_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="octets"):
        list(Orders().read(b"\xff\xff\xff\xff"))
