# SPDX-License-Identifier: BSD-3-Clause
"""A station machine on the bench, and the access point's half of what it says: events go in, commands come out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.unit.roles_bench import entropy_of
from tests.unit.sta_air import OWN, RSNE, address

from wpsagent.capabilities import RadioCapabilities
from wpsagent.eap.authenticator import EapAuthenticator
from wpsagent.eap.machine import Role, WscMachine
from wpsagent.io.simulated_radio import SIMULATED_CAPABILITIES
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import (
    Associated,
    Connect,
    Disconnect,
    Disconnected,
    EapolReceived,
    ScanFinished,
    ScanResult,
    SendEapol,
    StationCommand,
    StationEvent,
)
from wpsagent.roles.sta.association import Association, AssociationEvent
from wpsagent.roles.sta.events import StationReport
from wpsagent.roles.sta.machine import StationMachine
from wpsagent.roles.sta.network import Network, NetworkList
from wpsagent.roles.sta.parameters import StationParameters
from wpsagent.rsn.authenticator import Authenticator
from wpsagent.rsn.key_frame import GroupKey
from wpsagent.rsn.rsne import WPA2_PSK_CCMP
from wpsagent.wsc.credential import Credential
from wpsagent.wsc.device import DeviceDescription
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType
from wpsagent.wsc.messages import M1
from wpsagent.wsc.registrar import FixedAuthority, Grant, Refusal, Registrar, RegistrarParameters

AP = address(1)
PSK = b"\x05" * 32
UUID = b"\x11" * 16
DEVICE = DeviceDescription(device_name="station")
CREDENTIAL = Credential(Ssid(b"home"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, PSK.hex().encode(), OWN)

_T = TypeVar("_T")


def home(**changes: Any) -> Network:
    """The network that `sta_air.bss()` is of."""
    values: dict[str, Any] = {"ssid": Ssid(b"home"), "key_management": frozenset({"WPA-PSK"}), "psk": PSK}
    return Network(**(values | changes))


def cafe(**changes: Any) -> Network:
    """An open network."""
    values: dict[str, Any] = {"ssid": Ssid(b"cafe"), "key_management": frozenset({"NONE"})}
    return Network(**(values | changes))


def only(values: Sequence[object], kind: type[_T]) -> list[_T]:
    return [value for value in values if isinstance(value, kind)]


def authenticator(psk: bytes = PSK, bssid: MacAddress = AP) -> Authenticator:
    """The access point's half of the handshakes."""
    return Authenticator(
        pmks=(psk,),
        authenticator_address=bssid,
        station_address=OWN,
        rsne=RSNE,
        station_rsne=WPA2_PSK_CCMP.element(),
        group_key=GroupKey(1, b"\x0a" * 16),
        entropy=entropy_of("authenticator"),
    )


@dataclass(frozen=True)
class Refusing(FixedAuthority):
    """Knows no password."""

    refusal: Refusal = field(default_factory=Refusal)

    def authorize(self, m1: M1, now: float) -> Grant | Refusal:
        return self.refusal


def eap_authenticator(
    password: bytes = b"00000000",
    password_id: int = 4,
    *,
    refusal: Refusal | None = None,
    credential: Credential = CREDENTIAL,
) -> EapAuthenticator:
    """The access point's half of an enrolment; refusal: it answers with M2D."""
    grant = Grant(password, password_id)

    def machine_for(role: Role) -> WscMachine:
        known = FixedAuthority(grant, (credential,))
        authority = known if refusal is None else Refusing(grant, (), refusal)
        return Registrar(RegistrarParameters(DeviceDescription(), b"\x22" * 16), authority, entropy_of("registrar"))

    return EapAuthenticator(machine_for=machine_for)


class Talk:
    """One association, and what it said last."""

    def __init__(self, association: Association, now: float = 1000.0) -> None:
        self.association = association
        self.now = now
        self.commands: list[StationCommand] = []
        self.events: list[AssociationEvent] = []

    def start(self) -> list[StationCommand]:
        self.association.start(self.now)
        return self.drain()

    def receive(self, event: StationEvent) -> list[StationCommand]:
        self.association.receive(event, self.now)
        return self.drain()

    def associate(self) -> list[StationCommand]:
        self.start()
        return self.receive(Associated(self.association.bssid))

    def pass_time(self, seconds: float) -> list[StationCommand]:
        """Let time pass; everything is done when it is due."""
        until, commands = self.now + seconds, list[StationCommand]()
        while (deadline := self.association.deadline) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.association.handle_timer(self.now)
            commands += self.drain()
            after = self.association.deadline
            assert after is None or after > self.now, "a deadline that was met is still due"
        self.now = until
        self.commands = commands
        return commands

    def drain(self) -> list[StationCommand]:
        self.commands = self.association.messages_to_send()
        self.events += iter(self.association.next_event, None)
        return self.commands

    def take(self) -> list[AssociationEvent]:
        events, self.events = self.events, []
        return events

    def handshake(self, other: Authenticator) -> list[StationCommand]:
        """Carry PDUs to and fro until nobody has anything to say; gives all commands."""
        said = list[StationCommand]()
        while pdus := [message.pdu for message in other.messages_to_send()]:
            for pdu in pdus:
                said += self.receive(EapolReceived(self.association.bssid, pdu))
                for command in only(self.commands, SendEapol):
                    other.receive(command.pdu, self.now)
        return said

    def enrol(self, other: EapAuthenticator, at_most: int = 1000) -> list[StationCommand]:
        """The same with the access point's EAP; at_most of its PDUs arrive."""
        said = list[StationCommand]()
        while (pdus := other.messages_to_send()) and at_most:
            for pdu in pdus[:at_most]:
                at_most -= 1
                said += self.receive(EapolReceived(self.association.bssid, pdu))
                for command in only(self.commands, SendEapol):
                    other.receive(command.pdu, self.now)
        return said


class StationBench:
    """A whole station; `air` is what every scan finds."""

    def __init__(
        self,
        *networks: Network,
        air: Sequence[ScanResult] = (),
        capabilities: RadioCapabilities = SIMULATED_CAPABILITIES,
        **parameters: Any,
    ) -> None:
        self.now = 1000.0
        self.air = tuple(air)
        self.networks = NetworkList(networks)
        self.machine = StationMachine(
            StationParameters("wlan0", DEVICE, UUID, **parameters),
            OWN,
            capabilities,
            self.networks,
            entropy_of("station"),
        )
        self.commands: list[StationCommand] = []
        self.events: list[StationReport] = []

    def start(self) -> "StationBench":
        self.machine.start(self.now)
        self.drain()
        return self

    def drain(self) -> list[StationCommand]:
        self.commands = self.machine.messages_to_send()
        self.events += iter(self.machine.next_event, None)
        return self.commands

    def receive(self, event: StationEvent) -> list[StationCommand]:
        self.machine.receive(event, self.now)
        return self.drain()

    def scanned(self, *, is_aborted: bool = False) -> list[StationCommand]:
        """The scan is over."""
        return self.receive(ScanFinished(self.air, is_aborted))

    def pass_time(self, seconds: float) -> list[StationCommand]:
        until, commands = self.now + seconds, list[StationCommand]()
        while (deadline := self.machine.deadline) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.machine.handle_timer(self.now)
            commands += self.drain()
            after = self.machine.deadline
            assert after is None or after > self.now, "a deadline that was met is still due"
        self.now = until
        self.commands = commands
        return commands

    def take(self, kind: type[_T]) -> list[_T]:
        """The reports of a kind; all are taken."""
        events, self.events = self.events, []
        return only(events, kind)

    def connect(self) -> list[StationCommand]:
        """From the start to an open network's open port, or to the handshake."""
        self.start()
        (command,) = only(self.scanned(), Connect)
        return self.receive(Associated(command.bssid))

    def left(self) -> list[StationCommand]:
        """The radio carries out the Disconnect among the last commands."""
        (command,) = only(self.commands, Disconnect)
        return self.receive(Disconnected(command.reason_code, is_by_peer=False))
