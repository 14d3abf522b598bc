"""From counts to a score."""

from __future__ import annotations

import math

import pytest

from bitrixmail.bayes.combining import SCALE, combined, weights
from bitrixmail.model.bayes import Corpus

HUNDRED = Corpus(100, 100)


def test_nothing_known_is_in_the_middle() -> None:
    assert combined([]) == 50.0
    assert weights([1, 2], []) == []
    assert weights([1, 2], [(HUNDRED, {1: (0, 0)})]) == []


def test_what_is_seen_in_one_kind_only_tells_the_more_the_oftener() -> None:
    found = weights([1, 2, 3, 4], [(HUNDRED, {1: (0, 1), 2: (0, 10), 3: (10, 0), 4: (5, 5)})])
    assert [position for _, position in found[2:]] == [0]
    by_position = {position: weight for weight, position in found}
    assert by_position[1] == pytest.approx((0.5 * 0.6 + 10) / 10.5)
    assert by_position[2] == pytest.approx(0.5 * 0.6 / 10.5)
    assert 0.5 < by_position[0] < by_position[1]


def test_rates_count_not_numbers() -> None:
    found = weights([1], [(Corpus(1000, 100), {1: (10, 10)})])
    assert found[0][0] == pytest.approx((0.5 * 0.6 + 20 * 10 / 11) / 20.5)


def test_only_the_most_telling_take_part() -> None:
    counts = {token: (0, token) for token in range(1, 1001)}
    found = weights(range(1, 1001), [(Corpus(1000, 1000), counts)])
    assert len(found) == SCALE.most
    assert found[0][1] == 999


def test_a_mailbox_begins_where_the_site_is() -> None:
    site = (HUNDRED, {1: (0, 50)})
    alone = weights([1], [site])[0][0]
    once = weights([1], [site, (HUNDRED, {1: (1, 0)})])[0][0]
    often = weights([1], [site, (HUNDRED, {1: (50, 0)})])[0][0]
    assert often < 0.05 < once < alone


@pytest.mark.parametrize(("weight", "score"), [(0.99, 100), (0.01, 0), (0.5, 50)])
def test_many_of_a_mind_are_sure(weight: float, score: float) -> None:
    assert combined([weight] * 50) == pytest.approx(score, abs=0.1)
    assert combined([weight] * SCALE.most) == pytest.approx(score, abs=0.1)


def test_both_kinds_together_are_unsure() -> None:
    assert combined([0.99] * 30 + [0.01] * 30) == pytest.approx(50, abs=1)


def test_the_chi_square_is_that_of_the_tables() -> None:
    # One weight: the inverse chi-square of two degrees is the weight itself
    assert combined([0.8]) == pytest.approx(50 * (1 + 0.8 - 0.2))
    # Two: P(chi² of 4 degrees > x) = e^(-x/2) (1 + x/2)
    half = -math.log(0.8 * 0.7)
    other = -math.log(0.2 * 0.3)
    spam, ham = (math.exp(-each) * (1 + each) for each in (half, other))
    assert combined([0.8, 0.7]) == pytest.approx(50 * (1 + spam - ham))
