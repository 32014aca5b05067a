# SPDX-License-Identifier: BSD-3-Clause
"""The numbers of ioctls, as asm/ioctl.h makes them: direction, size of the argument, type, number."""

import platform

# three bits of direction there, two elsewhere
_HAS_WIDE_DIRECTION = platform.machine().startswith(("mips", "ppc", "powerpc", "sparc", "alpha"))
READ = 2 << 29 if _HAS_WIDE_DIRECTION else 2 << 30
WRITE = 4 << 29 if _HAS_WIDE_DIRECTION else 1 << 30


def ioctl_request(direction: int, kind: int, number: int, size: int) -> int:
    """direction: READ, WRITE or both, as the program sees it.  kind: the octet that belongs to a driver."""
    return direction | size << 16 | kind << 8 | number
