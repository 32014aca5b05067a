# SPDX-License-Identifier: BSD-3-Clause
"""What an access point knows of one station."""

from dataclasses import dataclass
from enum import Enum

from wpsagent.eap.authenticator import EapAuthenticator
from wpsagent.octets import MacAddress
from wpsagent.rsn.authenticator import Authenticator
from wpsagent.wsc.enrollee import Enrollee
from wpsagent.wsc.registrar import Registrar


class StationState(Enum):
    """How far a station has come (IEEE 802.11-2020, 11.3), and what we wait for."""

    AUTHENTICATED = "authenticated"  # its association request
    ASSOCIATING = "associating"  # the acknowledgement of our association response
    ASSOCIATED = "associated"  # the end of its EAP conversation or handshake
    AUTHORIZED = "authorized"  # nothing: its controlled port is open
    LEAVING = "leaving"  # 10 ms, so that EAP-Failure gets out before the deauthentication


class Security(Enum):
    """What a station's association request asked for."""

    OPEN = "open"
    RSN = "rsn"
    WPS = "wps"  # a WPS element of version 2
    WPS_WAIT_FOR_START = "wps, EAPOL-Start first"  # a WPS 1.0 element, or no element at all (Windows)


@dataclass(slots=True)
class Station:
    """One station; deadline is the time by which the present state must end.

    request is the association request as received (sequence control and octets) and response our answer to it, so
    that a retransmitted request gets the same answer and does not start anew.
    """

    address: MacAddress
    state: StationState
    deadline: float | None
    aid: int = 0
    security: Security = Security.OPEN
    station_rsne: bytes = b""
    request: bytes = b""
    response: bytes = b""
    eap: EapAuthenticator | None = None
    wsc: Registrar | Enrollee | None = None
    rsn: Authenticator | None = None
    leave_reason: str = ""

    @property
    def is_associated(self) -> bool:
        return self.state in (StationState.ASSOCIATED, StationState.AUTHORIZED, StationState.LEAVING)
