# SPDX-License-Identifier: BSD-3-Clause
"""The doctor's checks of radios, rfkill, channels and owners: every outcome, without a radio."""

import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.diagnosis_world import (
    ACCESS_POINT,
    AGENT_SOCKET,
    World,
    agent_report,
    capabilities,
    interface,
    wiphy,
)

from wpsagent.capabilities import Frequency, InterfaceCombination, InterfaceLimit, InterfaceType, RadioCapabilities
from wpsagent.daemon.diagnosis import CommandResult, Level
from wpsagent.daemon.diagnosis.findings import ok, problem, warning
from wpsagent.errors import NetlinkError, RadioError
from wpsagent.io.nl80211.capabilities import RfkillState

AP = InterfaceType.AP


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A board on which everything is in order, with one network on wlan0."""
    return World(tmp_path)


# ---- radios


@pytest.mark.parametrize("error", [RadioError("no nl80211"), NetlinkError(errno.EPERM, "no nl80211")])
def test_radios_that_cannot_be_listed_are_a_problem(world: World, error: Exception) -> None:
    world.wiphys = error
    assert "no nl80211" in world.one("radios").text
    assert world.one("owner wlan0").level is Level.SKIPPED


def test_no_radio_on_a_raspberry_pi_names_the_overlay(world: World) -> None:
    world.wiphys = []
    assert "dtoverlay" not in world.one("radios").remedy
    world.write("/proc/device-tree/model", "Raspberry Pi 4 Model B\0")
    assert "dtoverlay=disable-wifi" in world.one("radios").remedy


def test_missing_interface_names_those_there_are(world: World) -> None:
    world.wiphys = [wiphy(None, interface("wlan1"))]
    assert world.one("interface wlan0") == problem(
        "interface wlan0",
        "there is no interface wlan0 (wireless ones: wlan1)",
        'set interface to one of these, or create_on = "phy0" to have it created',
    )
    assert world.one("owner wlan0").level is Level.SKIPPED


def test_wired_interface_is_named_as_such(world: World) -> None:
    world.wiphys = [wiphy()]
    world.write("/sys/class/net/wlan0/ifindex")
    assert world.one("interface wlan0").text == "wlan0 is not a wireless interface (wireless ones: none)"


@pytest.mark.parametrize("create_on", ["phy0", "wlan1"])
def test_interface_may_be_created_on_a_radio_or_beside_an_interface(world: World, create_on: str) -> None:
    world.config = ACCESS_POINT + f'create_on = "{create_on}"\n'
    world.wiphys = [wiphy(None, interface("wlan1"))]
    assert world.one("interface wlan0").text == "it is created on phy0 (mt76x2u), which can be an access point"
    assert world.one("owner wlan0").level is Level.OK


def test_interface_to_be_created_must_not_be_there_but_for_the_agents(world: World) -> None:
    world.config = ACCESS_POINT + 'create_on = "phy0"\n'
    assert world.one("interface wlan0").remedy.startswith("remove it (iw dev wlan0 del)")
    world.listen(AGENT_SOCKET, agent_report())
    assert world.one("interface wlan0").level is Level.OK


def test_unknown_radio_to_create_on_names_those_there_are(world: World) -> None:
    world.config = ACCESS_POINT + 'create_on = "phy9"\n'
    assert world.one("interface wlan0") == problem(
        "interface wlan0",
        "there is no radio or wireless interface phy9 to create it on",
        "set create_on to one of: phy0, wlan0",
    )


def test_interface_name_is_no_radio_name(world: World) -> None:
    world.config = ACCESS_POINT.replace("wlan0", "phy0")
    assert world.one("interface phy0").level is Level.PROBLEM


@pytest.mark.parametrize(
    ("radio", "text"),
    [
        (capabilities(types=frozenset({InterfaceType.STATION})), "its driver has no AP mode"),
        (capabilities(cipher_suites=frozenset({0x000FAC02})), "cannot encrypt with CCMP, which WPA2 needs"),
    ],
)
def test_radio_that_cannot_be_our_access_point_is_a_problem(world: World, radio: RadioCapabilities, text: str) -> None:
    world.wiphys = [wiphy(radio, interface())]
    assert world.one("interface wlan0").level is Level.PROBLEM
    assert text in world.one("interface wlan0").text


def test_firmware_that_is_the_access_point_will_do_and_its_loss_is_said(world: World) -> None:
    world.wiphys = [wiphy(capabilities(has_ap_sme=True), interface())]
    assert world.one("interface wlan0").level is Level.OK
    assert "its firmware takes the stations (FullMAC)" in world.one("interface wlan0").text


def together(*limits: tuple[int, InterfaceType]) -> RadioCapabilities:
    each = tuple(InterfaceLimit(maximum, frozenset({kind})) for maximum, kind in limits)
    return replace(capabilities(), combinations=(InterfaceCombination(each, 2),))


STATION_AND_AP = together((1, InterfaceType.STATION), (1, InterfaceType.AP)).combinations[0]
BOTH = ACCESS_POINT.replace("wlan0", "ap0") + 'create_on = "phy0"\n[[station]]\ninterface = "wlan0"\n'


def test_interfaces_that_the_radio_can_have_at_once(world: World) -> None:
    world.config = BOTH
    world.wiphys = [wiphy(together((1, InterfaceType.STATION), (1, InterfaceType.AP)), interface())]
    text = "it can have all 2 of them up at the same time"
    shared = f"{text}, on one channel: access points go where the station is"
    assert world.one("interfaces of phy0") == ok("interfaces of phy0", shared)
    world.config = BOTH.replace("[[station]]", ACCESS_POINT.splitlines()[0] + '\nssid = "b"\nsecurity = "open"')
    world.wiphys = [wiphy(together((2, InterfaceType.AP)), interface())]
    assert world.one("interfaces of phy0") == ok("interfaces of phy0", text)
    world.config = BOTH
    two_channels = replace(world.wiphys[0].capabilities, combinations=(replace(STATION_AND_AP, channels=2),))
    world.wiphys = [wiphy(two_channels, interface())]
    assert world.one("interfaces of phy0") == ok("interfaces of phy0", text)


def test_interfaces_that_the_radio_cannot_have_at_once(world: World) -> None:
    world.config = BOTH
    world.wiphys = [wiphy(together((2, InterfaceType.AP)), interface())]
    finding = world.one("interfaces of phy0")
    assert finding.level is Level.PROBLEM
    assert finding.text == "phy0 (mt76x2u) cannot be a station, an access point at the same time"
    assert finding.remedy.startswith("take another radio for one of them")


def test_one_interface_on_a_radio_is_no_question(world: World) -> None:
    assert not [finding for finding in world.findings() if finding.check.startswith("interfaces of")]


def test_bridge_must_be_there_and_be_one(world: World) -> None:
    world.config = ACCESS_POINT + 'bridge = "br-lan"\n'
    assert world.one("bridge br-lan").remedy.startswith("create it (ip link add br-lan type bridge)")
    world.write("/sys/class/net/br-lan/ifindex")
    assert world.one("bridge br-lan").text == "br-lan is not a bridge"
    world.write("/sys/class/net/br-lan/bridge/bridge_id")
    assert world.one("bridge br-lan") == ok("bridge br-lan", "it is there for wlan0")


# ---- rfkill


def test_soft_block_says_every_way_to_lift_it(world: World) -> None:
    world.wiphys = [wiphy(None, interface(), rfkill=RfkillState(is_soft_blocked=True))]
    world.write("/sys/class/rfkill/rfkill0/name", "hci0\n")
    world.write("/sys/class/rfkill/rfkill3/name", "phy0\n")
    assert world.one("rfkill wlan0") == problem(
        "rfkill wlan0",
        "phy0 is blocked by software",
        "rfkill unblock wifi, or: echo 0 > /sys/class/rfkill/rfkill3/soft",
    )
    world.write("/run/NetworkManager/x")
    world.write("/proc/device-tree/model", "Raspberry Pi 4 Model B\0")
    assert "; NetworkManager remembers it: nmcli radio wifi on; a Raspberry Pi" in world.one("rfkill wlan0").remedy


def test_hard_block_is_a_switch(world: World) -> None:
    world.wiphys = [wiphy(None, interface(), rfkill=RfkillState(is_soft_blocked=True, is_hard_blocked=True))]
    assert world.one("rfkill wlan0").remedy == "turn the device's Wi-Fi switch on"


# ---- channels


@pytest.mark.parametrize(
    ("frequency", "text"),
    [
        (Frequency(2462), "phy0 has no channel 6 (2437 MHz)"),
        (Frequency(2437, is_disabled=True), "channel 6 (2437 MHz) is forbidden by the rules of DE"),
        (Frequency(2437, may_initiate=False), "channel 6 (2437 MHz) is for listening only by the rules of DE"),
        (
            Frequency(2437, needs_radar_detection=True),
            "channel 6 (2437 MHz) needs radar detection, which wps-agent does not do",
        ),
    ],
)
def test_channel_that_may_not_be_used_names_those_that_may(world: World, frequency: Frequency, text: str) -> None:
    world.wiphys = [wiphy(capabilities(frequencies=(frequency, Frequency(2412))), interface())]
    world.commands["iw"] = CommandResult(0, "global\ncountry DE: DFS-ETSI\n\t(2400 - 2483 @ 40)\n")
    finding = world.one("channel wlan0")
    usable = "1, 11" if frequency.mhz == 2462 else "1"
    assert (finding.level, finding.text) == (Level.PROBLEM, text)
    assert finding.remedy.startswith(f"set channel to one of: {usable}; or set the country: iw reg set CC")
    assert ("iw", "reg", "get") in world.asked


def test_country_that_is_set_already_is_no_remedy(world: World) -> None:
    world.config = ACCESS_POINT + 'country = "DE"\n'
    world.commands["iw"] = CommandResult(0, "country DE: DFS-ETSI\n")
    world.wiphys = [wiphy(capabilities(frequencies=(Frequency(60480),)), interface())]
    assert world.one("channel wlan0").remedy == "set channel to one of: 2"
    world.wiphys = [wiphy(capabilities(frequencies=()), interface())]
    assert world.one("channel wlan0").remedy == "set channel to one of: (none is usable now)"


def test_frequency_that_is_no_channel_is_named_in_mhz(world: World) -> None:
    world.wiphys = [wiphy(capabilities(frequencies=(Frequency(2401),)), interface())]
    assert world.one("channel wlan0").remedy.startswith("set channel to one of: 2401 MHz; or")


def test_country_of_the_kernel_and_of_the_configuration_may_differ(world: World) -> None:
    world.config = ACCESS_POINT + 'country = "DE"\n'
    world.commands["iw"] = CommandResult(0, "global\ncountry 00: DFS-UNSET\n")
    assert world.one("channel wlan0") == warning(
        "channel wlan0",
        "the configuration says DE, but the kernel follows the rules of the world (no country is set)",
        "set the country: iw reg set DE (for good: cfg80211.ieee80211_regdom=DE for the kernel)",
    )


def test_neighbour_on_another_channel_is_a_warning(world: World) -> None:
    world.wiphys = [wiphy(None, interface(), interface("wlan1", mhz=2412), interface("wlan2", mhz=2437))]
    assert world.one("channel wlan0").text == (
        "wlan1 on the same radio is on channel 1, not 6: most radios can be on one channel only"
    )


def test_own_networks_on_one_radio_want_one_channel(world: World) -> None:
    second = ACCESS_POINT.replace("wlan0", "wlan1") + "channel = 1\n"
    world.config = ACCESS_POINT + second
    world.wiphys = [wiphy(None, interface(), interface("wlan1"))]
    assert world.one("channel wlan0").text.startswith("wlan1 on the same radio is on channel 1, not 6")
    assert world.one("channel wlan1").text.startswith("wlan0 on the same radio is on channel 6, not 1")


# ---- owners


def nmcli(state: str, managed: str, status: int = 0) -> CommandResult:
    return CommandResult(status, f"GENERAL.STATE:{state}\nGENERAL.NM-MANAGED:{managed}\n")


def test_network_manager_that_has_the_interface_is_a_problem(world: World) -> None:
    world.commands["nmcli"] = nmcli("30 (disconnected)", "yes")
    finding = world.one("owner wlan0")
    assert (finding.level, finding.text) == (Level.PROBLEM, "NetworkManager has it (disconnected)")
    assert finding.remedy.startswith("now: nmcli device set wlan0 managed no; for good: write")
    assert "unmanaged-devices=interface-name:wlan0" in finding.remedy
    assert ("nmcli", "-t", "-f", "GENERAL.STATE,GENERAL.NM-MANAGED", "device", "show", "wlan0") in world.asked


@pytest.mark.parametrize(
    "result",
    [
        nmcli("10 (unmanaged)", "no"),
        nmcli("10 (unmanaged)", ""),
        nmcli("30 (disconnected)", "no"),
        CommandResult(8, "Error: NetworkManager is not running."),
    ],
)
def test_network_manager_that_leaves_it_alone_is_no_owner(world: World, result: CommandResult) -> None:
    world.commands["nmcli"] = result
    assert world.one("owner wlan0") == ok("owner wlan0", "no other program has it")


def test_network_manager_will_take_an_interface_that_is_created(world: World) -> None:
    world.config = ACCESS_POINT + 'create_on = "phy0"\n'
    world.wiphys = [wiphy()]
    world.commands["nmcli"] = CommandResult(10, "Error: Device 'wlan0' not found.")
    assert world.one("owner wlan0").level is Level.WARNING
    world.write("/usr/lib/NetworkManager/conf.d/10.conf", "[keyfile]\nunmanaged-devices=none\n")
    world.write(
        "/etc/NetworkManager/NetworkManager.conf", "[keyfile]\nunmanaged-devices=mac:02:00;interface-name:wl*\n"
    )
    world.write("/etc/NetworkManager/conf.d/20.conf", "no section\n")
    assert world.one("owner wlan0").level is Level.OK


def test_network_manager_without_nmcli_cannot_be_asked(world: World) -> None:
    world.write("/run/NetworkManager/devices/3")
    assert world.one("owner wlan0").text.startswith("NetworkManager seems to be running, and there is no nmcli")
    world.write("/run/NetworkManager/conf.d/9.conf", "[keyfile]\nunmanaged-devices=interface-name:=wlan0\n")
    assert world.one("owner wlan0").level is Level.OK


def test_nmcli_that_fails_is_a_warning(world: World) -> None:
    world.commands["nmcli"] = CommandResult(1, "Error: D-Bus is broken.\n")
    assert world.one("owner wlan0").level is Level.OK  # it is installed, and nothing says that it runs
    world.write("/run/NetworkManager/devices/3")
    assert world.one("owner wlan0").text == "NetworkManager cannot be asked: Error: D-Bus is broken."
    world.commands["nmcli"] = CommandResult(1, "")
    assert world.one("owner wlan0").text == "NetworkManager cannot be asked: exit status 1"


@pytest.mark.parametrize("folder", ["/run", "/var/run"])
def test_hostapd_that_answers_is_a_problem(world: World, folder: str) -> None:
    world.listen(f"{folder}/hostapd/wlan0", "PONG\n")
    assert world.one("owner wlan0") == problem(
        "owner wlan0",
        f"hostapd has it and answers on {folder}/hostapd/wlan0",
        "hostapd_cli -i wlan0 terminate",
    )


def test_program_is_stopped_as_the_system_does_it(world: World) -> None:
    world.listen("/run/hostapd/wlan0", "PONG\n")
    world.write("/etc/init.d/hostapd")
    assert world.one("owner wlan0").remedy == "/etc/init.d/hostapd stop"
    world.write("/run/systemd/system/x")
    assert world.one("owner wlan0").remedy == "systemctl disable --now hostapd"
    world.write("/etc/openwrt_release")
    assert world.one("owner wlan0").remedy.startswith("uci set wireless.<radio>.disabled=1")


def test_wpa_supplicant_that_answers_is_a_problem(world: World) -> None:
    world.listen("/run/wpa_supplicant/wlan0", "PONG\n")
    assert world.one("owner wlan0").remedy == "wpa_cli -i wlan0 terminate"
    world.write("/run/systemd/system/x")
    assert world.one("owner wlan0").remedy.endswith("for good: systemctl disable --now wpa_supplicant@wlan0")


@pytest.mark.parametrize("answer", [None, "what?\n"])
def test_stranger_on_a_control_socket_is_a_problem(world: World, answer: str | None) -> None:
    world.listen("/run/hostapd/wlan0", answer)
    assert world.one("owner wlan0").text == "somebody is on /run/hostapd/wlan0 but does not answer as hostapd does"


def test_control_socket_that_nobody_is_behind_is_no_owner(world: World) -> None:
    world.write("/run/hostapd/wlan0")
    assert world.one("owner wlan0").level is Level.OK


def test_control_socket_that_may_not_be_asked_is_a_warning(world: World) -> None:
    world.listen("/run/hostapd/wlan0", "PONG\n")
    world.forbidden = {"/run/hostapd/wlan0"}
    assert world.one("owner wlan0").level is Level.WARNING


@pytest.mark.parametrize("arguments", [("-i", "wlan0", "-c", "x"), ("-iwlan0",)])
def test_wpa_supplicant_without_a_socket_is_found_by_its_arguments(world: World, arguments: tuple[str, ...]) -> None:
    world.run(70, "wpa_supplicant", *arguments)
    world.run(71, "wpa_supplicant", "-i", "wlan1")
    world.run(72, "sshd", "wlan0")
    assert world.one("owner wlan0").text == "wpa_supplicant (process 70) was started for it"


def test_iwd_takes_whatever_there_is(world: World) -> None:
    world.run(80, "iwd")
    assert world.one("owner wlan0").remedy == "start it with --nointerfaces wlan0, or: kill 80"
    world.run(80, "iwd", "-I", "wlan0")
    assert world.one("owner wlan0").level is Level.OK


def netifd(**fields: object) -> CommandResult:
    return CommandResult(0, json.dumps({"radio1": fields}))


def test_netifd_that_has_the_interface_is_a_problem_said_once(world: World) -> None:
    world.write("/sbin/netifd")
    world.listen("/var/run/hostapd/wlan0", "PONG\n")
    world.commands["ubus"] = netifd(up=True, interfaces=[{"ifname": "wlan0"}])
    finding = world.one("owner wlan0")
    assert finding.text == "netifd has it: it is an interface of radio1 in /etc/config/wireless"
    assert finding.remedy.startswith("uci set wireless.radio1.disabled=1; uci commit wireless; wifi reload")
    assert ("ubus", "call", "network.wireless", "status") in world.asked


@pytest.mark.parametrize(
    "result",
    [
        None,
        CommandResult(4, ""),
        CommandResult(0, "not JSON"),
        CommandResult(0, "[]"),
        CommandResult(0, '{"radio0": 1}'),
        netifd(up=False, interfaces=[{"ifname": "wlan0"}]),
        netifd(up=True, interfaces="wlan0"),
        netifd(up=True, interfaces=[{"ifname": "wlan1"}, 7]),
    ],
)
def test_netifd_that_does_not_have_it_is_no_owner(world: World, result: CommandResult | None) -> None:
    world.write("/sbin/netifd")
    if result is not None:
        world.commands["ubus"] = result
    assert world.one("owner wlan0").level is Level.OK


def test_interface_that_beacons_has_an_owner_even_if_it_cannot_be_named(world: World) -> None:
    world.wiphys = [wiphy(None, interface("wlan0", AP, "theirs"))]
    assert world.one("owner wlan0").text == (
        "it is an access point already (network theirs), run by a program that cannot be named"
    )
    world.run(90, "hostapd", "/etc/hostapd.conf")
    assert world.one("owner wlan0").text.endswith("run by hostapd, perhaps (process 90)")


def test_interface_in_a_network_is_a_problem(world: World) -> None:
    world.wiphys = [wiphy(None, interface("wlan0", ssid="cafe"))]
    assert world.one("owner wlan0").text == "it is connected to network cafe"
    assert "iw dev wlan0 disconnect" in world.one("owner wlan0").remedy
