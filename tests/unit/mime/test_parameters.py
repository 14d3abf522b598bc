from __future__ import annotations

import pytest

from bitrixmail.mime.parameters import parse_parameters


@pytest.mark.parametrize(
    ("value", "token", "parameters"),
    [
        (b"", "", {}),
        (b"Text/Plain", "text/plain", {}),
        (b"text/plain; charset=KOI8-R", "text/plain", {"charset": "KOI8-R"}),
        (b'a/b; Name="x;\\"y"; n=1', "a/b", {"name": 'x;"y', "n": "1"}),
        (b"a/b; name*=utf-8'ru'%D0%9F", "a/b", {"name": "П"}),
        (b"a/b; name*=koi8-r''%F0; name=P", "a/b", {"name": "П"}),
        (b"a/b; n*0=one; n*1=two", "a/b", {"n": "onetwo"}),
        (b"a/b; n*1*=%20b; n*0*=utf-8''a; n*2=c", "a/b", {"n": "a bc"}),
        (b"a/b; n*0=one; n*2=lost", "a/b", {"n": "one"}),
        (b"a/b; n=1; n=2", "a/b", {"n": "1"}),
        (b'a/b; n="open', "a/b", {"n": "open"}),
        (b"a/b; n*=bad''%ZZ", "a/b", {"n": "%ZZ"}),
        (b";;=;*=*0*=", "", {}),
    ],
)
def test_parameters(value: bytes, token: str, parameters: dict[str, str]) -> None:
    assert parse_parameters(value) == (token, parameters)


def test_the_number_of_parameters_is_bounded() -> None:
    value = b"a/b" + b"".join(b"; p%d=1" % number for number in range(1000))
    assert len(parse_parameters(value)[1]) == 100
