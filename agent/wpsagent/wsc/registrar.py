# SPDX-License-Identifier: BSD-3-Clause
"""The registrar of the registration protocol (Wi-Fi Simple Configuration 2.0, section 8.2)."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from wpsagent.crypto.diffie_hellman import KeyPair
from wpsagent.wsc.credential import Credential
from wpsagent.wsc.enumerations import ConfigurationError
from wpsagent.wsc.messages import M1


class RunOutcome(Enum):
    """How a run that was granted ended: what the keeper of PINs must know."""

    SUCCEEDED = "WSC_Done came, or the AP's settings were learnt"
    FIRST_HALF_FAILED = "the first half of the password differs; the second was not shown"
    SECOND_HALF_FAILED = "the second half differs"
    ABANDONED = "ended before the second half was shown"
    ABANDONED_AFTER_M6 = "ended after M6: the password can be found offline and must not be used again"


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission to run, and the password to run with.

    password: as it is hashed: the digits of a PIN, 00000000 for a push button, upper-case hexadecimal digits for NFC.
    device_password_id: what M2 says.  handle: whatever the authority needs to know the run again.
    is_abbreviated: M2 carries the Credentials at once (NFC, where public key hashes vouch for both sides).
    key_pair: the pair to use instead of the registrar's own (an NFC connection handover announced its hash).
    """

    password: bytes = field(repr=False)
    device_password_id: int
    handle: object = None
    is_abbreviated: bool = False
    key_pair: KeyPair | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """No password for this enrollee: it is answered with M2D and this configuration error."""

    configuration_error: int = ConfigurationError.NO_ERROR


class Authority(Protocol):
    """Who decides about enrollees: knows the PINs, the button, and the networks to hand out."""

    def authorize(self, m1: M1, now: float) -> Grant | Refusal:
        """May this enrollee run, and with which password?"""

    def is_overlapping(self, grant: Grant, now: float) -> bool:
        """Is a second enrollee in push-button mode?  Asked again at M3, M5 and M7."""

    def credentials_for(self, m1: M1, grant: Grant) -> tuple[Credential, ...]:
        """What the enrollee gets in M8, at least one; raises ProtocolError when there is nothing to give."""

    def run_ended(self, m1: M1, grant: Grant, outcome: RunOutcome, now: float) -> None:
        """A granted run is over.  Called exactly once for each Grant."""
