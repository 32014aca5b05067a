# SPDX-License-Identifier: BSD-3-Clause
"""A repeater: access points of ours take over the network that Wi-Fi Protected Setup taught a station of ours.

What a run brought is taken over when the station has joined it, which proves the key; a network that the station knew
before, or was given otherwise, is not.  From then on it is the access point's own, restarts included
(`Networks.reconfigure`).

Refused, with an event that says why: networks that are not WPA2-Personal with a key.  The access point keeps its own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from wpsagent.config.model import AccessPointSettings
from wpsagent.crypto.passphrase import is_passphrase
from wpsagent.daemon.learning import Learning
from wpsagent.daemon.networks import Networks
from wpsagent.daemon.station import Station
from wpsagent.errors import UsageError
from wpsagent.roles.sta import events as sta
from wpsagent.roles.sta.network import Network
from wpsagent.status import events as e
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType


class Repeater:
    """Watches the stations; whoever follows one is told what to be."""

    def __init__(
        self,
        access_points: Iterable[AccessPointSettings],
        networks: Networks,
        report: Callable[[e.AgentEvent], None],
    ) -> None:
        self._networks = networks
        self._report = report
        self._followers: Mapping[str, list[str]] = {}
        self.follow(access_points)
        self._learning: defaultdict[str, Learning] = defaultdict(Learning)  # by station

    def follow(self, access_points: Iterable[AccessPointSettings]) -> None:
        """Who follows whom, from now on."""
        self._followers = _followers(access_points)

    def observe(self, source: Station, event: sta.StationReport) -> None:
        """What a station reports."""
        if source.interface in self._followers:
            network = self._learning[source.interface].hear(event, source.networks)
            if network is not None:
                self._joined(source.interface, network)

    def _joined(self, station: str, network: Network) -> None:
        for access_point in self._followers[station]:
            try:
                self._networks.reconfigure(access_point, settings_of(network), is_configured=True)
            except UsageError as error:
                self._report(e.TakeOverRefused(access_point, station, str(error)))
            else:
                self._report(e.NetworkTakenOver(access_point, station, network.ssid))


def settings_of(network: Network) -> NetworkSettings:
    """An access point's settings from a network that a station has joined; raises UsageError where there are none.

    A passphrase that is not printable ASCII, which stations are not used to, goes on as the key that it makes.
    """
    if "WPA-PSK" not in network.key_management or (network.passphrase is None and network.psk is None):
        raise UsageError(
            f"{network.ssid} is not WPA2 with a passphrase: the access point keeps its own name and passphrase"
        )
    is_printable = network.passphrase is not None and is_passphrase(network.passphrase)
    return NetworkSettings(
        ssid=network.ssid,
        authentication_types=AuthenticationType.WPA2_PERSONAL,
        encryption_types=EncryptionType.AES,
        passphrase=network.passphrase if is_printable else None,
        psk=None if is_printable else network.pmk(),
    )


def _followers(access_points: Iterable[AccessPointSettings]) -> Mapping[str, list[str]]:
    """Who follows each station."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for settings in access_points:
        if settings.follow is not None:
            found[settings.follow].append(settings.interface)
    return dict(found)
