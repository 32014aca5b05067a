# SPDX-License-Identifier: BSD-3-Clause
"""What Home Assistant is told of the make of a board."""

import pytest

from wpsagent.config.loader import parse
from wpsagent.daemon import board_profile
from wpsagent.daemon.broker import maker_and_model
from wpsagent_board.detect import BoardTraits

PI = "Raspberry Pi 4 Model B Rev 1.4"
CONFIGURATION = """
[[access_point]]
interface = "wlan0"
ssid = "home"
passphrase = "correct horse"
[device]
"""


@pytest.mark.parametrize(
    ("lines", "board", "announced"),
    [
        ("", PI, (None, PI)),
        ("", None, (None, None)),
        ('model_name = "Door"', PI, (None, "Door")),
        ('manufacturer = "Acme"', PI, ("Acme", PI)),
        ('manufacturer = "Acme"\nmodel_name = "Door"', None, ("Acme", "Door")),
    ],
)
def test_a_board_goes_by_its_own_name_where_nobody_gave_it_another(
    lines: str, board: str | None, announced: tuple[str | None, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_profile, "look_at_board", lambda: BoardTraits(model=board))
    assert maker_and_model(parse(CONFIGURATION + lines, host_name="hall")) == announced
