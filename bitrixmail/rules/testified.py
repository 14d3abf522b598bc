"""What checks have found, as rules compare it and people see it."""

from __future__ import annotations

from collections.abc import Sequence

from bitrixmail.model.testimony import Testimony, verdict_of
from bitrixmail.rules.fields import check_name
from bitrixmail.rules.values import Values, number_text


def scores_said(said: Sequence[Testimony], field: str) -> tuple[float, ...]:
    """Return the number of a field: the spam score, 0 where nothing is known, or one check's."""
    name = check_name(field)
    if name is not None:
        return tuple(each.score for each in said if each.check == name and each.score is not None)
    verdict = verdict_of(said)
    return (0.0 if verdict is None or verdict.score is None else verdict.score,)


def values_said(said: Sequence[Testimony], field: str) -> Values:
    """Tell what checks found, with what they say of it behind a score."""
    verdict = verdict_of(said)
    if field == "spam":
        return Values(("yes" if verdict is not None and verdict.spam else "no",))
    name = check_name(field)
    heard = [each for each in said if (each.check == name if name else not each.apart)]
    text = (verdict if verdict and not name else heard[-1]).text if heard else ""
    numbers = scores_said(said, field)
    if not numbers:  # it could not be asked, or has nothing to say
        return Values((), (text,) if text else ())
    score = number_text(numbers[0])
    return Values((f"{score} ({text})" if text else score,))
