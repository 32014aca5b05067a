# SPDX-License-Identifier: BSD-3-Clause
"""A station machine brought to where a test begins: at home, in a network, in an enrolment."""

from dataclasses import replace
from typing import Any

from tests.unit.sta_air import RSNE, pressed, result
from tests.unit.sta_bench import (
    AP,
    PSK,
    StationBench,
    authenticator,
    eap_authenticator,
    home,
    only,
)

from wpsagent.dot11.frames import Capability
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import (
    Associated,
    EapolReceived,
    SendEapol,
)
from wpsagent.rsn.rsne import WPA2_PSK_CCMP, CipherSuite

HOME = result()
CAFE = result(2, b"", ssid=b"cafe", mhz=5180, capability=Capability.ESS)
BUTTON = result(1, RSNE + pressed())
ANYBODY = (Ssid(b""),)
MIXED_RSNE = replace(
    WPA2_PSK_CCMP, group_cipher=CipherSuite.TKIP, pairwise_ciphers=(CipherSuite.TKIP, CipherSuite.CCMP_128)
).element()


def at_home(**parameters: Any) -> StationBench:
    """Associated with the network at home, before the handshake."""
    bench = StationBench(home(), air=[HOME], **parameters)
    bench.connect()
    return bench


def connected() -> StationBench:
    bench = at_home()
    handshake(bench)
    bench.take(object)
    return bench


def handshake(bench: StationBench, psk: bytes = PSK, bssid: MacAddress = AP) -> None:
    other = authenticator(psk, bssid)
    other.start(bench.now)
    while pdus := [message.pdu for message in other.messages_to_send()]:
        for pdu in pdus:
            for command in only(bench.receive(EapolReceived(bssid, pdu)), SendEapol):
                other.receive(command.pdu, bench.now)


def enrol(bench: StationBench, at_most: int = 100, **access_point: Any) -> None:
    """Carry EAP to and fro; at_most of the access point's PDUs arrive."""
    other = eap_authenticator(**access_point)
    other.start(bench.now)
    while (pdus := other.messages_to_send()) and at_most:
        for pdu in pdus[:at_most]:
            at_most -= 1
            for command in only(bench.receive(EapolReceived(AP, pdu)), SendEapol):
                other.receive(command.pdu, bench.now)


def in_enrolment(**parameters: Any) -> StationBench:
    """The button was pressed, the access point found and associated with."""
    bench = StationBench(air=[BUTTON], **parameters).start()
    bench.machine.wps_push_button(bench.now)
    bench.drain()
    bench.scanned()
    bench.receive(Associated(AP))
    bench.take(object)
    return bench
