# SPDX-License-Identifier: BSD-3-Clause
"""What is printed for people on standard error; with priorities (sd-daemon(3)) where that is the journal."""

import logging
import os
import sys

# journald and procd read them off the beginning of a line.
_PRIORITIES = {logging.DEBUG: "<7>", logging.INFO: "<6>", logging.WARNING: "<4>", logging.ERROR: "<3>"}


def is_journal() -> bool:
    """Standard error is the journal itself: terminals inherit the variable from their session without being one."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def prioritised(text: str, level: int) -> str:
    """The priority before every line: a traceback's last line tells most."""
    priority = _PRIORITIES.get(level, "<3>")
    return "\n".join(priority + line for line in text.split("\n"))


def complain(text: str) -> None:
    """An error that ends a command."""
    print(prioritised(text, logging.ERROR) if is_journal() else text, file=sys.stderr)


class JournalFormatter(logging.Formatter):
    """Lines of the log for the journal, which knows the time."""

    def __init__(self) -> None:
        super().__init__("%(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return prioritised(super().format(record), record.levelno)
