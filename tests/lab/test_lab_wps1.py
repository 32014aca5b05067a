# SPDX-License-Identifier: BSD-3-Clause
"""Stations of before WPS 2.0: one without Version2, and one that, as Windows does, associates without a WPS element.

Debian's wpa_supplicant always speaks 2.0, so the enrollee is our own; the association is the kernel's, and the network
is joined by wpa_supplicant with what the enrollee was told.
"""

import asyncio
import os
from collections.abc import Iterator

import pytest
from tests.lab.network import interface_address
from tests.lab.old_station import OldStation
from tests.lab.peers import Agent, WpaSupplicant

from wpsagent.octets import MacAddress, Ssid
from wpsagent.wsc.attributes import NO_WFA_EXTENSION
from wpsagent.wsc.credential import Credential
from wpsagent.wsc.device import DeviceDescription, PrimaryDeviceType, uuid_from_mac
from wpsagent.wsc.elements import AssociationRequestAttributes, wrap
from wpsagent.wsc.enrollee import Enrollee, EnrolleeParameters
from wpsagent.wsc.enumerations import DevicePasswordId, RequestType

LAB = {"radios": 2, "time_travel": True, "time_limit": 120.0}

SSID, PASSPHRASE = "wps-agent lab", "correct horse battery"
PIN = b"12345670"
VERSION2 = bytes.fromhex("00372a 00 01 20")  # in the WFA extension
EAPOL_START = bytes.fromhex("01 01 0000")

CONFIG = f"""
[[access_point]]
interface = "wlan0"
ssid = "{SSID}"
passphrase = "{PASSPHRASE}"
channel = 1
"""

WPS_1_0 = wrap(
    AssociationRequestAttributes(request_type=RequestType.ENROLLEE_OPEN_8021X, wfa=NO_WFA_EXTENSION).encode()
)


@pytest.fixture
def agent() -> Iterator[Agent]:
    with Agent(CONFIG) as agent:
        agent.control.read_events()  # attached from here on
        yield agent


def enrol(station: OldStation, elements: bytes, password_id: int, password: bytes) -> Credential:
    """An enrollee without Version2 goes through a whole run, which it begins."""
    enrollee = Enrollee(
        EnrolleeParameters(
            device=DeviceDescription(
                manufacturer="Maker", primary_device_type=PrimaryDeviceType(1, 1), device_name="old"
            ),
            uuid_e=uuid_from_mac(station.address),
            mac_address=station.address,
            password=password,
            device_password_id=password_id,
            version2=None,
        ),
        os.urandom,
    )
    ours = MacAddress.parse(interface_address("wlan0"))
    return asyncio.run(station.enrol(Ssid(SSID.encode()), ours, 2412, elements, enrollee))


def assert_it_began(station: OldStation) -> None:
    """The access point waited for EAPOL-Start, and nothing the station said was of WPS 2.0."""
    assert station.conversation[0] == (True, EAPOL_START)
    assert not any(VERSION2 in pdu for is_ours, pdu in station.conversation if is_ours)
    assert any(VERSION2 in pdu for is_ours, pdu in station.conversation if not is_ours)


def assert_credential_works(agent: Agent, credential: Credential) -> None:
    assert (credential.ssid, credential.network_key) == (SSID.encode(), PASSPHRASE.encode())
    network = f'network={{\nssid="{SSID}"\npsk="{credential.network_key.decode()}"\nscan_freq=2412\n}}'
    with WpaSupplicant("wlan1", config=network):
        agent.control.wait_event("AP-STA-CONNECTED", 20.0)


@pytest.mark.parametrize("elements", [WPS_1_0, b""], ids=["WPS 1.0", "as Windows"])
def test_a_station_without_version2_enrols_by_push_button(agent: Agent, elements: bytes) -> None:
    agent.control.expect_ok("WPS_PBC")
    station = OldStation("wlan1")
    credential = enrol(station, elements, DevicePasswordId.PUSH_BUTTON, b"00000000")
    agent.control.wait_event(f"WPS-REG-SUCCESS {station.address}", 5.0)
    agent.control.wait_event("WPS-PBC-DISABLE", 5.0)
    assert_it_began(station)
    assert_credential_works(agent, credential)


def test_a_station_without_version2_enrols_by_pin(agent: Agent) -> None:
    agent.control.expect_ok(f"WPS_PIN any {PIN.decode()}")
    station = OldStation("wlan1")
    credential = enrol(station, WPS_1_0, DevicePasswordId.DEFAULT, PIN)
    agent.control.wait_event(f"WPS-REG-SUCCESS {station.address}", 5.0)
    assert_it_began(station)
    assert_credential_works(agent, credential)
