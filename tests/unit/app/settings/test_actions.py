from __future__ import annotations

from pathlib import Path

import pytest

from bitrixmail.app.sending.steering import steering_of
from bitrixmail.app.settings.actions import Actions
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.model.errors import InputError


def actions(*given: str) -> Actions:
    return load_settings(overrides=[f"actions.{each}" for each in given]).actions


def values(found: Actions) -> dict[str, list[str]]:
    return {
        name: [each.value for each in secrets] for name, secrets in found.read_secrets().items()
    }


def test_secrets_of_settings_and_files(tmp_path: Path) -> None:
    file = tmp_path / "crm"
    file.write_text("new\nold\n")
    found = actions(
        'secrets={ shop = "a,b c", both = ["x", "y"] }', f'secret_files={{ crm = "{file}" }}'
    )
    assert values(found) == {"shop": ["a,b c"], "both": ["x", "y"], "crm": ["new", "old"]}
    assert "new" not in repr(found.read_secrets())


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ('secrets={ "a b" = "x" }', "is not a name"),
        ('secrets={ a = "" }', "actions.secrets.a: is empty"),
        ('private_hosts=["http://a/"]', "no host with a port"),
        ("retry=[]", "actions.retry: has no wait"),
        ('retry=["100ms"]', "actions.retry: has no wait, or one below a second"),
        ("lifetime=0", "leaves no time"),
        ('secret_hosts={ a = ["b.example"] }', "actions.secret_hosts.a: is the name of no secret"),
        ('secret_hosts={ a = ["http://b/"] }', "no host with a port"),
        ("secret_hosts={ a = [] }", "actions.secret_hosts.a: has no host"),
    ],
)
def test_what_is_wrong(given: str, fault: str) -> None:
    with pytest.raises(InputError) as error:
        actions(given)
    assert fault in "\n".join(map(str, error.value.faults))


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "long").write_text("x" * 5000)
    (tmp_path / "odd").write_bytes(b"\xff")
    named = ", ".join(f'{name} = "{tmp_path / name}"' for name in ("none", "empty", "long", "odd"))
    settings = load_settings(overrides=[f"actions.secret_files={{ {named} }}"])
    with pytest.raises(InputError) as error:
        steering_of(settings)
    assert [fault.what.rpartition(": ")[2] for fault in error.value.faults] == [
        "No such file or directory",
        "has no secret in it",
        "has more than 4096 octets",
        "is not UTF-8",
    ]


def test_one_place_for_a_secret() -> None:
    with pytest.raises(InputError, match=r"actions\.secrets\.a: is in actions\.secret_files, too"):
        actions('secrets={ a = "x" }', 'secret_files={ a = "/x" }')
