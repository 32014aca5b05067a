# SPDX-License-Identifier: BSD-3-Clause
"""What can go wrong with the hardware of a board.

The text of a `BoardError` is read by a person: what happened, where, and what to do about it, for example
"GPIO 17 is busy: 'leds' holds the line: stop that, or take another pin".
"""


class BoardError(Exception):
    """A button or an indicator cannot be used: missing, busy, forbidden, gone."""


class PatternError(BoardError, ValueError):
    """A wrong LED pattern.  problems: one line an entry, beginning with its path, such as "error[1][0]: …"."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
