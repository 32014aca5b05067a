# SPDX-License-Identifier: BSD-3-Clause
"""What an access point knows of one station."""

from dataclasses import dataclass, field
from enum import Enum

from wpsagent.eap.authenticator import EapAuthenticator
from wpsagent.octets import MacAddress
from wpsagent.ports import AddStation
from wpsagent.rsn.authenticator import Authenticator
from wpsagent.rsn.key_frame import GroupKey
from wpsagent.wsc.enrollee import Enrollee
from wpsagent.wsc.events import NewApSettings
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

    @property
    def is_for_wps(self) -> bool:
        return self in (Security.WPS, Security.WPS_WAIT_FOR_START)


@dataclass(slots=True)
class Station:
    """One station; deadline is the time by which the present state must end.

    request is the association request as received, but for what may change when it is sent again (Retry bit, Duration),
    and response our answer, sent with token: a retransmitted request gets the same answer and does not start anew.
    group_key is the one that rsn was last given to deliver; new_settings what wsc has had of a registrar.
    association: what the radio was told of it, associated_at: when; heard_at: when the radio last heard it, as far
    as we have asked.
    """

    address: MacAddress
    state: StationState
    deadline: float | None
    aid: int = 0
    security: Security = Security.OPEN
    station_rsne: bytes = b""
    request: bytes = b""
    response: bytes = b""
    token: int = 0
    eap: EapAuthenticator | None = None
    wsc: Registrar | Enrollee | None = None
    rsn: Authenticator | None = None
    group_key: GroupKey | None = field(default=None, repr=False)
    new_settings: NewApSettings | None = None
    leave_reason: str = ""
    is_unheard: bool = False
    association: AddStation | None = None
    associated_at: float = 0.0
    heard_at: float = 0.0

    @property
    def is_with_radio(self) -> bool:
        """The radio has been told of it: it has, or is about to have, an association."""
        return self.state is not StationState.AUTHENTICATED
