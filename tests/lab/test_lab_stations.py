# SPDX-License-Identifier: BSD-3-Clause
"""Stations that know the network: three of Debian's wpa_supplicant at once, group keys, rates, and how they leave."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.lab.network import NetNamespace, interface_address, run, set_address, wiphy_of
from tests.lab.peers import Agent, Mosquitto, MqttRecorder, WpaSupplicant, wait_until

LAB = {"radios": 4, "time_travel": True, "time_limit": 180.0}

EVENT = "wps-agent/lab/event"
SSID, PASSPHRASE = "wps-agent lab", "correct horse battery"
AP_ADDRESS = "10.9.0.1"

CONFIG = f"""
[agent]
node = "lab"

[[access_point]]
interface = "wlan0"
ssid = "{SSID}"
passphrase = "{PASSPHRASE}"
channel = 1
"""

MQTT = """
[mqtt]
host = "127.0.0.1"
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a station is: its namespace, its interface, its addresses."""

    namespace: NetNamespace
    interface: str
    wiphy: str
    hardware_address: str
    address: str


@pytest.fixture(scope="module")
def places() -> Iterator[Sequence[Place]]:
    """Three, each with a radio of its own; broadcast pings are answered there."""
    with ExitStack() as stack:
        found = []
        for number in (1, 2, 3):
            namespace = stack.enter_context(NetNamespace(f"station{number}"))
            interface = f"wlan{number}"
            place = Place(
                namespace, interface, wiphy_of(interface), interface_address(interface), f"10.9.0.{number + 1}"
            )
            namespace.take_radio(interface)
            namespace.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_broadcasts=0")
            found.append(place)
        yield found


@pytest.fixture
def recorder() -> Iterator[MqttRecorder]:
    with Mosquitto(1883), MqttRecorder(1883, "wps-agent/#") as recorder:
        yield recorder


@contextmanager
def access_point(options: str = "", further: str = "") -> Iterator[Agent]:
    with Agent(f"{CONFIG}{options}\n{further}") as agent:
        agent.control.read_events()  # attached from here on
        set_address("wlan0", f"{AP_ADDRESS}/24")
        yield agent


def start_station(place: Place, passphrase: str = PASSPHRASE, *arguments: str) -> WpaSupplicant:
    """A station that connects by itself.  arguments: wpa_supplicant's."""
    network = f'network={{\nssid="{SSID}"\npsk="{passphrase}"\nscan_freq=2412\n}}'
    return WpaSupplicant(place.interface, config=network, namespace=place.namespace, arguments=arguments)


def wait_joined(station: WpaSupplicant) -> None:
    wait_until(lambda: station.is_connected, 20.0, lambda: f"{station.interface} is not connected:\n{station.log}")


@contextmanager
def connected(places: Sequence[Place]) -> Iterator[list[WpaSupplicant]]:
    """Stations at these places, with addresses, all on the network."""
    with ExitStack() as stack:
        stations = [stack.enter_context(start_station(place)) for place in places]
        for place, station in zip(places, stations, strict=True):
            wait_joined(station)
            place.namespace.set_address(place.interface, f"{place.address}/24")
        yield stations


def stations_of(agent: Agent) -> list[str]:
    report = json.loads(agent.control.request("AGENT_STATUS"))
    return sorted(report["access_points"][0]["stations"])


def answers_to_broadcast(count: int) -> dict[str, set[int]]:
    """Echo requests to everybody, one every 200 ms: who answers, and which of them (by their numbers, from 1)."""
    output = run("ping", "-n", "-b", "-i", "0.2", "-c", str(count), "-w", str(count), "10.9.0.255")
    answers = defaultdict(set)
    for address, number in re.findall(r"bytes from (\S+): icmp_seq=(\d+)", output):
        answers[address].add(int(number))
    return answers


def test_three_stations_talk_to_us_and_to_each_other(places: Sequence[Place]) -> None:
    with access_point() as agent, connected(places):
        for place in places:
            others = [other.address for other in places if other is not place]
            for address in (AP_ADDRESS, *others):
                assert place.namespace.can_ping(address, count=2), f"{place.address} → {address}"
        assert stations_of(agent) == sorted(place.hardware_address for place in places)


def test_no_broadcast_is_lost_while_the_group_key_changes_again_and_again(places: Sequence[Place]) -> None:
    with access_point("group_rekey_s = 2.0"), connected(places) as stations:
        answers = answers_to_broadcast(61)
        for station in stations:
            for _ in range(5):
                station.control.wait_event("WPA: Group rekeying completed", 3.0)
            assert station.is_connected
        for place in places:
            # ping does not wait for everybody's answer to its last request
            assert answers[place.address] >= set(range(1, 61)), place.address


def test_who_joins_late_takes_no_broadcast_of_before_for_a_new_one(places: Sequence[Place]) -> None:
    early, late = places[:2]
    with access_point(), connected([early]):
        assert answers_to_broadcast(20)[early.address]
        with start_station(late, PASSPHRASE, "-d") as station:
            wait_joined(station)
            told = re.search(r"WPA: RSC - hexdump\(len=6\): ([0-9a-f ]+)", station.log)
            assert told is not None, station.log
            assert 20 <= int.from_bytes(bytes.fromhex(told[1]), "little") < 100
            late.namespace.set_address(late.interface, f"{late.address}/24")
            assert answers_to_broadcast(5)[late.address]


def test_a_station_that_leaves_is_reported_and_may_come_back(places: Sequence[Place], recorder: MqttRecorder) -> None:
    place = places[0]
    with access_point(further=MQTT) as agent, connected(places[:2]) as stations:
        stations[0].control.expect_ok("DISCONNECT")
        event = agent.control.wait_event("AP-STA-DISCONNECTED", 5.0)
        assert (event.text, event.interface) == (f"AP-STA-DISCONNECTED {place.hardware_address}", "wlan0")
        recorder.wait_message(EVENT, '"station_disconnected"')
        assert stations_of(agent) == [places[1].hardware_address]
        stations[0].control.expect_ok("RECONNECT")
        agent.control.wait_event(f"AP-STA-CONNECTED {place.hardware_address}", 10.0)
        assert place.namespace.can_ping(AP_ADDRESS)


def test_a_wrong_passphrase_gets_nobody_in_and_is_told(places: Sequence[Place], recorder: MqttRecorder) -> None:
    with access_point(further=MQTT) as agent, start_station(places[0], "incorrect horse battery") as station:
        station.control.wait_event("CTRL-EVENT-SSID-TEMP-DISABLED", 30.0)
        message = json.loads(recorder.wait_message(EVENT, '"handshake_failed"', 10.0).payload)
        assert message["station"] == places[0].hardware_address
        assert "passphrase" in message["reason"]
        assert not agent.control.has_event("AP-STA-CONNECTED")
        assert stations_of(agent) == []


def test_no_more_stations_than_configured(places: Sequence[Place]) -> None:
    with access_point("max_stations = 2") as agent, connected(places[:2]), start_station(places[2]) as third:
        third.control.wait_event("CTRL-EVENT-AUTH-REJECT", 20.0)
        rejected = next(event.text for event in third.control.events if "AUTH-REJECT" in event.text)
        assert "status_code=17" in rejected
        assert places[0].namespace.can_ping(places[1].address)
        assert stations_of(agent) == sorted(place.hardware_address for place in places[:2])


def test_data_goes_at_the_rates_of_802_11n(places: Sequence[Place]) -> None:
    with access_point(), connected(places[:1]):
        assert places[0].namespace.can_ping(AP_ADDRESS, count=20, deadline=10)
        ours = run("iw", "dev", "wlan0", "station", "dump")
        theirs = places[0].namespace.run("iw", "dev", places[0].interface, "station", "dump")
    for dump in (ours, theirs):
        assert re.search(r"tx bitrate:.*MCS \d+", dump), dump
        assert re.search(r"WMM/WME:\s+yes", dump), dump


def test_a_quiet_station_stays_and_one_out_of_range_is_dropped(places: Sequence[Place]) -> None:
    place = places[0]
    group = Path(f"/sys/kernel/debug/ieee80211/{place.wiphy}/hwsim/group")
    with access_point("inactivity_s = 10.0") as agent, connected(places[:1]):
        assert [event.text for event in agent.control.watch(40.0) if "DISCONNECTED" in event.text] == []
        assert stations_of(agent) == [place.hardware_address]
        group.write_text("2")
        try:
            agent.control.wait_event(f"AP-STA-DISCONNECTED {place.hardware_address}", 20.0)
            assert "silent for 10 s and did not answer" in agent.log
        finally:
            group.write_text("1")
