"""The stores as the command line opens them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.model.errors import SetupError
from bitrixmail.store.opening import done


def test_damage_is_told_as_damage_and_not_as_a_bad_moment(tmp_path: Path) -> None:
    settings = load_settings(None, {}, [f"server.data_dir={tmp_path}/var"])
    with opened_office(settings) as office:
        for number in range(5):
            done(office.accounts.add_domain(f"d{number}.example"))
    file = tmp_path / "var/bitrixmail.sqlite"
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(SetupError) as caught, opened_office(settings) as office:
        done(office.accounts.domains())
    assert caught.value.exit_code == os.EX_DATAERR
    assert "is damaged" in caught.value.problem
