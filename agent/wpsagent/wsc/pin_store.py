# SPDX-License-Identifier: BSD-3-Clause
"""The PINs a registrar has been told, and for how long each may be used (Wi-Fi Simple Configuration 2.0, 7.4, 11.2).

A PIN is for one enrollee (UUID-E) or for anybody (wildcard).  While a run uses it nobody else can: parallel runs would
give a guesser several tries at the price of one.

| end of the run             | PIN of one UUID-E | wildcard PIN                       |
|----------------------------|-------------------|------------------------------------|
| SUCCEEDED                  | removed           | removed                            |
| FIRST_HALF_FAILED          | free again        | free again once, then removed      |
| ABANDONED                  | free again        | free again once, then removed      |
| SECOND_HALF_FAILED         | removed           | removed                            |
| ABANDONED_AFTER_M6         | removed           | removed                            |

M6 carries R-SNonce2, with which the second half can be found offline; so no PIN outlives a run that got so far.
"""

from dataclasses import dataclass, field
from enum import Enum

from wpsagent.errors import UsageError
from wpsagent.octets import BROADCAST, MacAddress

MAX_AUTHORIZED_MACS = 5
"""Addresses in the AuthorizedMACs subelement."""

MAX_PINS = 64
MIN_PIN_SIZE = 4
MAX_PIN_SIZE = 64
WILDCARD_USES = 2


class PinUse(Enum):
    """What a run made of its PIN."""

    SUCCEEDED = "succeeded"
    FAILED_BUT_UNREVEALED = "failed but unrevealed"
    REVEALED = "revealed"  # the second half was refused, or M6 was sent and no WSC_Done came


@dataclass(slots=True, eq=False)
class Pin:
    """One PIN.  uuid_e None: wildcard.  address: whom it is meant for, a hint for AuthorizedMACs and no filter."""

    password: bytes = field(repr=False)
    uuid_e: bytes | None
    address: MacAddress | None
    expires_at: float | None
    is_locked: bool = False
    uses: int = 0

    @property
    def is_wildcard(self) -> bool:
        return self.uuid_e is None

    def is_expired(self, now: float) -> bool:
        return self.expires_at is not None and now >= self.expires_at


class PinStore:
    """The PINs, newest first."""

    def __init__(self) -> None:
        self._pins: list[Pin] = []

    def __len__(self) -> int:
        return len(self._pins)

    def add(
        self,
        password: bytes,
        now: float,
        *,
        uuid_e: bytes | None = None,
        timeout: float = 0,
        address: MacAddress | None = None,
    ) -> None:
        """Store a PIN for timeout seconds, 0 for ever; it replaces the one of the same UUID-E, or the wildcard.

        Raises UsageError for a PIN that has not 4 to 64 octets, a negative timeout, and when the store is full.  A run
        that uses a replaced PIN goes on, but the PIN is gone afterwards however the run ends.
        """
        _require_usable(password, uuid_e, timeout)
        self.expire(now)
        kept = [pin for pin in self._pins if pin.uuid_e != uuid_e]
        if len(kept) >= MAX_PINS:
            raise UsageError(f"{MAX_PINS} PINs are stored already: wait until some are used or have expired")
        expires_at = now + timeout if timeout else None
        self._pins = [Pin(password, uuid_e, address, expires_at), *kept]

    def acquire(self, uuid_e: bytes, now: float) -> Pin | None:
        """Lock and return the PIN for an enrollee: its own, or the wildcard; None without one or while it is in use."""
        self.expire(now)
        pin = self._find(uuid_e) or self._find(None)
        if pin is None or pin.is_locked:
            return None
        pin.is_locked = True
        pin.uses += 1
        return pin

    def release(self, pin: Pin, use: PinUse) -> None:
        """The run that acquired a PIN has ended; without effect for a PIN that is no longer stored."""
        is_used_up = pin.is_wildcard and pin.uses >= WILDCARD_USES
        if use is not PinUse.FAILED_BUT_UNREVEALED or is_used_up:
            self._pins = [other for other in self._pins if other is not pin]
        else:
            pin.is_locked = False

    def remove_wildcard(self) -> None:
        """Forget the PIN that is for anybody."""
        self._pins = [pin for pin in self._pins if not pin.is_wildcard]

    def authorized_macs(self) -> tuple[MacAddress, ...]:
        """Whom the PINs are meant for, newest first, at most five; without an address: for the broadcast one."""
        addresses = dict.fromkeys(pin.address or BROADCAST for pin in self._pins)
        return tuple(addresses)[:MAX_AUTHORIZED_MACS]

    @property
    def deadline(self) -> float | None:
        """When the next PIN expires."""
        return min((pin.expires_at for pin in self._pins if pin.expires_at is not None), default=None)

    def expire(self, now: float) -> bool:
        """Forget what has expired; True when that was anything."""
        kept = [pin for pin in self._pins if not pin.is_expired(now)]
        is_changed = len(kept) != len(self._pins)
        self._pins = kept
        return is_changed

    def _find(self, uuid_e: bytes | None) -> Pin | None:
        return next((pin for pin in self._pins if pin.uuid_e == uuid_e), None)


def _require_usable(password: bytes, uuid_e: bytes | None, timeout: float) -> None:
    # An empty half would be "proved" by a peer that knows nothing.
    if not MIN_PIN_SIZE <= len(password) <= MAX_PIN_SIZE:
        raise UsageError(f"a PIN has 4 or 8 digits, not {len(password)} characters")
    if uuid_e is not None and len(uuid_e) != 16:
        raise UsageError(f"a UUID has 16 octets, not {len(uuid_e)}")
    if timeout < 0:
        raise UsageError(f"a PIN's timeout is 0 (for ever) or a number of seconds, not {timeout}")
