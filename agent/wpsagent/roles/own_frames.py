# SPDX-License-Identifier: BSD-3-Clause
"""The frames an access point sends: what it says of itself, and its answers, with the WPS elements of this moment.

Which frame carries which WPS attributes: Wi-Fi Simple Configuration 2.0, section 8.2; the frames themselves:
IEEE 802.11-2020, 9.3.3.
"""

from wpsagent.dot11.frames import Authentication, Deauthentication, Disassociation, StatusCode
from wpsagent.octets import BROADCAST, MacAddress
from wpsagent.ports import Beacon
from wpsagent.roles.beacons import ApDescription
from wpsagent.roles.station import Station
from wpsagent.roles.wps_runs import WpsRuns

_DESTINATION, _AFTER_DESTINATION = 4, 10
"""Where Address 1 of a management frame is (IEEE 802.11-2020, 9.3.3.1)."""


class OwnFrames:
    """Octets of frames from one access point; wps is None where Wi-Fi Protected Setup is off."""

    def __init__(self, description: ApDescription, wps: WpsRuns | None) -> None:
        self._description = description
        self._address = description.address
        self._wps = wps
        self._probe_response = b""

    def beacon(self) -> Beacon:
        """The beacon of this moment; from now on probe responses say the same."""
        wps = self._wps
        probe_element = wps.probe_response_element() if wps is not None else b""
        self._probe_response = self._description.probe_response(BROADCAST, probe_element).encode()
        if wps is None:
            return self._description.beacon(b"", b"", b"")
        return self._description.beacon(wps.beacon_element(), probe_element, wps.association_response_element())

    def probe_response(self, destination: MacAddress) -> bytes:
        """Made once a beacon: in a crowd there are hundreds of requests a second.  Not before the first beacon."""
        return self._probe_response[:_DESTINATION] + destination + self._probe_response[_AFTER_DESTINATION:]

    def authentication(self, request: Authentication, status: StatusCode) -> bytes:
        """The answer to an authentication request: of its algorithm, and the next of its transaction."""
        transaction = request.transaction + 1 & 0xFFFF
        return Authentication(
            request.source, self._address, self._address, b"", request.algorithm, transaction, status
        ).encode()

    def association_response(self, station: Station, status: StatusCode, *, is_reassociation: bool) -> bytes:
        """The answer to a station's request, with a WPS element for those that came for WPS."""
        has_wps = self._wps is not None and station.security.is_for_wps
        return self._description.association_response(
            station.address,
            status,
            station.aid if status is StatusCode.SUCCESS else 0,
            self._wps.association_response_element() if self._wps is not None and has_wps else b"",
            is_reassociation=is_reassociation,
        ).encode()

    def deauthentication(self, destination: MacAddress, reason_code: int) -> bytes:
        return Deauthentication(destination, self._address, self._address, reason_code).encode()

    def disassociation(self, destination: MacAddress, reason_code: int) -> bytes:
        return Disassociation(destination, self._address, self._address, reason_code).encode()
