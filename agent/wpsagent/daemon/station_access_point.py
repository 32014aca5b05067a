# SPDX-License-Identifier: BSD-3-Clause
"""wpa_supplicant's access point mode: a station's interface is the access point of one of its networks for a while.

The network has mode=2 and is selected.  The station gives its radio up, an access point of ours takes it
(`daemon.network`), with Wi-Fi Protected Setup unless the network is hidden or says wps_disabled=1; when it is left the
station comes back.  Nothing that becomes of the access point is kept.

Refused: what is neither open nor WPA2-Personal with CCMP; channels that do not exist.
"""

import asyncio
from typing import Protocol

from wpsagent.config.model import AccessPointSettings, EapolTransport, Security
from wpsagent.daemon.network import Network as AccessPoint
from wpsagent.daemon.networks import Networks
from wpsagent.dot11.channels import channel_of
from wpsagent.errors import UsageError
from wpsagent.roles.sta.block_variables import shown_variable
from wpsagent.roles.sta.network import Network
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.wsc.enumerations import WpsState
from wpsagent.wsc.lock_out import SetupLockMode

_DEFAULT_MHZ = 2462
_DEFAULT_BEACON_INTERVAL_TU = 100
_DEFAULT_DTIM_PERIOD = 2
_DEFAULT_INACTIVITY = 300
_MAXIMUM_STATIONS = 128
_LEAVING = 3  # IEEE 802.11-2020, table 9-49


class Lender(Protocol):
    """The station whose interface it is."""

    interface: str

    def enable(self) -> None:
        """Have the radio back."""

    def disable(self) -> None:
        """Give it up."""

    async def until_down(self) -> None:
        """Until it has given it up."""


class SelectedAccessPoint:
    """What one interface is beside a station, and the way from one to the other."""

    def __init__(self, station: Lender, networks: Networks) -> None:
        self._station = station
        self._networks = networks
        self._wanted: AccessPoint | None = None
        self._running: AccessPoint | None = None
        self._ids: dict[AccessPoint, Network] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_closing = False

    @property
    def access_point(self) -> AccessPoint | None:
        """The one that is wanted, up or not yet."""
        return self._wanted

    @property
    def network_id(self) -> int | None:
        return None if self._wanted is None else self._ids[self._wanted].id

    def select(self, network: Network, eapol: EapolTransport) -> None:
        """Be its access point, in the place of whatever the interface is; raises UsageError."""
        settings = access_point_settings(network, self._station.interface, eapol)
        if self._wanted is not None and self._wanted.settings == settings:
            return
        self._wanted = self._networks.add(settings)
        self._ids[self._wanted] = network
        self._begin()

    def leave(self, network_id: int | None = None) -> None:
        """Be a station again, if it is the access point of that network (None: of any)."""
        if self._wanted is not None and network_id in (None, self.network_id):
            self._wanted = None
            self._begin()

    async def close(self) -> None:
        """The station is stopping, and what it became with it."""
        self._is_closing = True
        self.leave()
        if self._task is not None:
            await self._task

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._change(), name=f"role of {self._station.interface}")

    async def _change(self) -> None:
        """From what it is to what is wanted, however often that changes meanwhile."""
        while self._running is not self._wanted or self._ids.keys() - {self._wanted}:
            for unwanted in [access_point for access_point in self._ids if access_point is not self._wanted]:
                await self._end(unwanted)
            self._running = None
            wanted = self._wanted
            if wanted is not None:
                await self._start(wanted)
            elif not self._is_closing:
                self._station.enable()

    async def _start(self, wanted: AccessPoint) -> None:
        self._station.disable()
        await self._station.until_down()
        await wanted.start()
        self._running = wanted
        self._tell(wanted)

    def _tell(self, access_point: AccessPoint) -> None:
        network, status = self._ids[access_point], access_point.status
        if status.is_enabled:
            text = f"CTRL-EVENT-CONNECTED - Connection to {status.address} completed"
            text += f" [id={network.id} id_str={network.id_str or ''}]"
            self._networks.report(s.StationSignal(self._station.interface, text))

    async def _end(self, access_point: AccessPoint) -> None:
        address, was_up = access_point.status.address, access_point.is_up
        del self._ids[access_point]
        await self._networks.remove(access_point)
        if was_up:
            self._networks.report(e.AccessPointStopped(self._station.interface))
            text = f"CTRL-EVENT-DISCONNECTED bssid={address} reason={_LEAVING} locally_generated=1"
            self._networks.report(s.StationSignal(self._station.interface, text))


def access_point_settings(network: Network, interface: str, eapol: EapolTransport) -> AccessPointSettings:
    """The access point that a network block with mode=2 tells of; raises UsageError."""
    if not network.ssid:
        raise UsageError(f"network {network.id} has no ssid")
    mhz = _number(network, "frequency") or _DEFAULT_MHZ
    try:
        channel = channel_of(mhz)
    except UsageError as error:
        raise UsageError(f"network {network.id}: frequency: {error}") from None
    is_hidden = _number(network, "ignore_broadcast_ssid") != 0
    return AccessPointSettings(
        interface=interface,
        create_on=None,
        ssid=network.ssid,
        security=_security(network),
        passphrase=network.passphrase,
        psk=network.psk,
        frequency_mhz=mhz,
        channel=channel,
        country=None,
        bridge=None,
        hidden=is_hidden,
        wps=not is_hidden and _number(network, "wps_disabled") == 0,
        button_group=interface,
        max_stations=_MAXIMUM_STATIONS,
        inactivity_s=float(_number(network, "ap_max_inactivity") or _DEFAULT_INACTIVITY),
        group_rekey_s=float(max(0, _number(network, "group_rekey"))),
        beacon_interval_tu=_number(network, "beacon_int") or _DEFAULT_BEACON_INTERVAL_TU,
        dtim_period=_number(network, "dtim_period") or _DEFAULT_DTIM_PERIOD,
        eapol=eapol,
        control_directory="",
        wps_state=WpsState.CONFIGURED,
        setup_locked=SetupLockMode.CHANGE_LOCKED,
        is_temporary=True,
    )


def _security(network: Network) -> Security:
    if "NONE" in network.key_management:
        return Security.OPEN
    has_key = network.passphrase is not None or network.psk is not None
    is_wpa2 = "WPA-PSK" in network.key_management and "RSN" in network.protocols
    if not has_key or not is_wpa2 or "CCMP" not in network.pairwise_ciphers:
        raise UsageError(
            f"network {network.id}: an access point here is open (key_mgmt=NONE), or WPA2-PSK with CCMP and a psk"
        )
    return Security.WPA2


def _number(network: Network, name: str) -> int:
    return int(shown_variable(network, name) or "0", 0)
