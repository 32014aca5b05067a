# SPDX-License-Identifier: BSD-3-Clause
"""The station: what its owner sees of it and asks it for.  What it does by itself is `wpsagent.roles.sta.life`."""

from enum import Enum

from wpsagent.dot11.elements import ElementId, Elements
from wpsagent.errors import UsageError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import TriggerScan
from wpsagent.roles.sta import association as link
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.bss_table import Bss
from wpsagent.roles.sta.connection import Connection
from wpsagent.roles.sta.events import WpsCause, WpsMethod
from wpsagent.roles.sta.life import OwnersScan, StationLife
from wpsagent.roles.sta.network import Network
from wpsagent.roles.sta.network_search import ANYBODY
from wpsagent.roles.sta.parameters import Elsewhere, StationParameters
from wpsagent.roles.sta.wps_run import PUSH_BUTTON_PASSWORD, WpsRequest
from wpsagent.rsn.rsne import Rsne
from wpsagent.wsc.credential import ApSettings

_HE_CAPABILITIES = b"\x23"
"""IEEE 802.11ax-2021, 9.4.2.1: an Extension element begins with a number of its own, 35 for HE Capabilities."""


class StationState(Enum):
    """Where the station stands, in the words of wpa_supplicant's wpa_state."""

    INTERFACE_DISABLED = "INTERFACE_DISABLED"
    DISCONNECTED = "DISCONNECTED"
    INACTIVE = "INACTIVE"
    SCANNING = "SCANNING"
    ASSOCIATING = "ASSOCIATING"
    ASSOCIATED = "ASSOCIATED"
    HANDSHAKE = "4WAY_HANDSHAKE"
    COMPLETED = "COMPLETED"


class StationMachine(StationLife):
    """One station.

    The door: `start` and `stop`, `receive(event, now)`, `messages_to_send()` (radio commands, to be executed in
    order), `next_event()`, `deadline` and `handle_timer(now)`.  networks: the owner may change the list itself and
    says so by `networks_changed`; the machine changes it after WPS, and says so by NetworksChanged.
    """

    # ---- what the owner sees

    @property
    def state(self) -> StationState:
        """Where it stands."""
        if not self.is_started:
            return StationState.INTERFACE_DISABLED
        association = self._link
        if association is None:
            return self._state_without_link()
        match association.state:
            case link.State.ASSOCIATING:
                return StationState.ASSOCIATING
            case link.State.ASSOCIATED if isinstance(association, Connection):
                return StationState.COMPLETED if association.is_open_port else StationState.HANDSHAKE
            case link.State.ASSOCIATED:
                return StationState.ASSOCIATED
            case _:
                return StationState.DISCONNECTED

    def _state_without_link(self) -> StationState:
        if self._scanner.running is not None:
            return StationState.SCANNING
        if self._wps.run is None and not self._search.candidates:
            return StationState.INACTIVE
        return StationState.DISCONNECTED

    @property
    def current_bss(self) -> Bss | None:
        """The access point of the association there is, or is about to be."""
        return self._link.bss if self._link is not None else None

    @property
    def current_network(self) -> Network | None:
        """The network that is joined, or about to be; None while WPS runs."""
        return self._link.network if isinstance(self._link, Connection) else None

    @property
    def current_rsne(self) -> Rsne | None:
        """What the association was asked for with; None while there is no protected one."""
        return self._link.rsne if isinstance(self._link, Connection) else None

    @property
    def wifi_generation(self) -> int | None:
        """4 for 802.11n, 5 for ac, 6 for ax, by what the access point took us as; None for older ones."""
        elements = Elements.decode(b"" if self._link is None else self._link.response_elements)
        if any(octets[:1] == _HE_CAPABILITIES for octets in elements.all(ElementId.EXTENSION)):
            return 6
        if elements.first(ElementId.VHT_CAPABILITIES) is not None:
            return 5
        return None if elements.first(ElementId.HT_CAPABILITIES) is None else 4

    @property
    def is_wanted(self) -> bool:
        """False from `disconnect` to `reconnect`."""
        return self._is_wanted

    @property
    def is_connected(self) -> bool:
        return self.state is StationState.COMPLETED

    def is_temporarily_disabled(self, network_id: int) -> bool:
        """True for a network that is left alone after failures."""
        return self._faults.is_disabled(network_id)

    # ---- what the owner asks for: scans

    def scan(
        self,
        now: float,
        frequencies_mhz: tuple[int, ...] = (),
        ssids: tuple[Ssid, ...] = (ANYBODY,),
        *,
        is_only: bool = False,
        scan_id: int | None = None,
    ) -> bool:
        """Scan; False where that cannot be now: another scan runs, an association is being made, WPS runs.

        ssids: none at all to listen only.  is_only: do not join what it finds.  scan_id: comes back in the events.
        """
        is_connecting = self._link is not None and self.state is not StationState.COMPLETED
        if not self.is_started or self._scanner.is_busy or is_connecting or self._wps.run is not None:
            return False
        self._owners_scan = OwnersScan(scan_id, is_only=is_only)
        self._trigger(TriggerScan(frequencies_mhz, ssids), now)
        self._settle(now)
        return True

    def abort_scan(self, now: float) -> bool:
        """Stop the scan that the owner asked for; False if there is none."""
        if self._owners_scan is None or self._scanner.running is None:
            return False
        self._scanner.cancel()
        self._settle(now)
        return True

    def flush_bsses(self, older_than: float, now: float) -> None:
        """Forget what was last heard so many seconds ago, or more; never the access point we are with."""
        in_use = () if self._link is None else (self._link.bssid,)
        self.bsses.age(now, older_than, in_use)
        self._settle(now)

    # ---- what the owner asks for: whom to leave alone

    def ignored(self, now: float) -> tuple[MacAddress, ...]:
        """The access points that are left alone for a while."""
        return self._faults.ignored.ignored(now)

    def ignore(self, bssid: MacAddress, now: float) -> None:
        """Leave an access point alone for a while, ever longer."""
        self._faults.ignored.add(bssid, now)

    def forgive(self) -> None:
        """Leave no access point alone any more."""
        self._faults.ignored.clear()

    # ---- what the owner asks for: how it runs

    def set_parameters(self, parameters: StationParameters) -> None:
        """How it runs from now on; a WPS run that is under way keeps what it began with."""
        self.parameters = self._wps.parameters = parameters
        self._search.protection = self._protection

    # ---- what the owner asks for: WPS

    def listen_with(self, elsewhere: Elsewhere) -> None:
        """Access points that other stations of this device hear count for an overlap, and are never chosen."""
        self._wps.elsewhere = elsewhere

    @property
    def is_scanning(self) -> bool:
        """A scan of ours runs, or waits for its turn."""
        return self._scanner.is_busy

    def wps_push_button(self, now: float, bssid: MacAddress | None = None) -> None:
        """The button was pressed; raises UsageError."""
        self._begin_wps(WpsRequest(WpsMethod.PUSH_BUTTON, bssid, PUSH_BUTTON_PASSWORD), now)

    def wps_pin(self, pin: bytes, now: float, bssid: MacAddress | None = None) -> None:
        """Enrol with this PIN, ASCII digits, that is or will be entered at the access point; raises UsageError."""
        self._begin_wps(WpsRequest(WpsMethod.PIN, bssid, pin), now)

    def wps_register(self, bssid: MacAddress, pin: bytes, now: float, new_settings: ApSettings | None = None) -> None:
        """Read the settings of an access point with its PIN, or give it new ones; join it.  Raises UsageError."""
        self._begin_wps(WpsRequest(WpsMethod.REGISTRAR, bssid, pin, new_settings), now)

    def wps_cancel(self, now: float) -> bool:
        """End the run; False if there was none.  The other networks come back at once."""
        if self._wps.run is None:
            return False
        self._wps.end(WpsCause.CANCELLED)
        self._others_returned(now)
        self._settle(now)
        return True

    def _begin_wps(self, request: WpsRequest, now: float) -> None:
        if not self.is_started:
            raise UsageError(f"{self.parameters.interface}: the station is not running")
        self._wps.begin(request, now)
        self._scanner.cancel()
        self._leave(now)
        self._next_at = now
        self._settle(now)

    # ---- what the owner asks for: networks

    def add_network(self, now: float) -> Network:
        """A new one that says nothing yet, and is disabled."""
        network = self.networks.add(Network(is_disabled=True))
        self._events.append(report.NetworkAdded(network.id))
        self._settle(now)
        return network

    def select_network(self, network_id: int, now: float) -> bool:
        """Enable this network, disable all others, join it; False if there is none."""
        if not self.networks.select(network_id):
            return False
        self._reenable(network_id)
        self._events.append(report.NetworksChanged())
        current = self.current_network
        if current is None or current.id != network_id or not self.is_connected:
            self.reassociate(now)
        return True

    def enable_network(self, network_id: int, now: float, *, may_connect: bool = True) -> bool:
        """False if there is none.  A connection that stands is left alone."""
        if not self.networks.enable(network_id):
            return False
        self._reenable(network_id)
        self._events.append(report.NetworksChanged())
        if may_connect and self._link is None:
            self._begin_search(now)
            self._settle(now)
        return True

    def disable_network(self, network_id: int, now: float) -> bool:
        """False if there is none.  If it is the one that is joined, another is looked for."""
        if not self.networks.disable(network_id):
            return False
        self.networks_changed(now)
        return True

    def remove_network(self, network_id: int, now: float) -> bool:
        """False if there is none.  If it is the one that is joined, another is looked for."""
        if self.networks.remove(network_id) is None:
            return False
        self._faults.forgive_network(network_id)
        self._events.append(report.NetworkRemoved(network_id))
        self.networks_changed(now)
        return True

    def networks_changed(self, now: float) -> None:
        """The list is another: leave a network that is no more, or disabled; look for one if there is none."""
        self._events.append(report.NetworksChanged())
        current = self.current_network
        if current is not None and self._wps.run is None and not self.networks.is_enabled(current.id):
            self._leave(now)
        if self._link is None or self._link.state is link.State.LEAVING:
            self._begin_search(now)
        self._settle(now)

    def flush(self, now: float) -> None:
        """Forget every network, every access point but the one we are with, and everybody's faults; end WPS."""
        self.wps_cancel(now)
        for network in self.networks:
            self.remove_network(network.id, now)
        self._forgive_all()
        self.flush_bsses(0.0, now)

    def set_autoconnect(self, comes_back: bool) -> None:
        """Whether it looks for a network after a connection was lost; otherwise it waits for `reconnect`."""
        self._comes_back = comes_back

    def reconnect(self, now: float) -> None:
        """Join a network, if none is joined: what failed lately is forgiven."""
        self._is_wanted = True
        if self._link is None and self._wps.run is None:
            self._forgive_all()
            self._begin_search(now)
            self._settle(now)

    def reassociate(self, now: float) -> None:
        """Join the best network anew."""
        self._is_wanted = True
        self._forgive_all()
        if self._wps.run is None:
            self._leave(now)
            self._begin_search(now)
        self._settle(now)

    def disconnect(self, now: float) -> None:
        """Leave, and stay away until `reconnect`; a WPS run is cancelled."""
        self._is_wanted = False
        self._wps.end(WpsCause.CANCELLED)
        self._scanner.cancel()
        self._next_at = None
        self._leave(now)
        self._settle(now)
