# SPDX-License-Identifier: BSD-3-Clause
"""The ports of a board: what a program sees of its buttons and indicators."""

from collections.abc import Callable
from typing import Protocol

from wpsagent_board.pattern import Pattern

EdgeHandler = Callable[[float, bool], None]
"""EdgeHandler(now, is_pressed): an edge at `now` (the loop's clock), not debounced."""


class ButtonSource(Protocol):
    """A push-button: tells its edges as they come."""

    @property
    def is_pressed(self) -> bool:
        """The level at this moment, or the last one known where it cannot be read."""

    def start(self, callback: EdgeHandler) -> None:
        """From now on tell each edge; the callback is called in the loop's thread."""

    def close(self) -> None:
        """Give the button back.  No edge is told afterwards.  Safe to call twice; what fails is logged, not raised."""


class Indicator(Protocol):
    """An LED, or whatever shows a pattern."""

    def show(self, pattern: Pattern) -> None:
        """Show a pattern from its beginning instead of the former; raises BoardError when the indicator is gone."""

    def close(self) -> None:
        """Give the indicator back as it was found.  Safe to call twice; what fails is logged, not raised."""
