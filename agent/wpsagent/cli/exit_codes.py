# SPDX-License-Identifier: BSD-3-Clause
"""What every command's exit code means; scripts rely on it."""

DONE = 0
FAILED = 1
"""It could not be done: the text says why."""
WRONG_USE = 2
"""The command line is wrong."""
TIMED_OUT = 3
"""Nobody came within the time."""
OVERLAP = 4
"""Two devices, or two access points, at once: nobody was let in."""
WRONG_PIN = 5
LOCKED = 6
"""The access point's setup is locked after too many wrong PINs."""
INTERRUPTED = 130

HELP = "0 done, 1 failed, 2 wrong use, 3 timed out, 4 overlap, 5 wrong PIN, 6 locked, 130 interrupted"
