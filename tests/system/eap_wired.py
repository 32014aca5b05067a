# SPDX-License-Identifier: BSD-3-Clause
"""One EAP-WSC run with a real peer over a wire: run by `test_eap_wired.py` in a network namespace of its own.

hostapd and wpa_supplicant speak EAP-WSC on Ethernet too, so that no radio is needed.  Two virtual interfaces, wa and
wb, are the wire; the peer is on wb.  Prints a JSON object: transcript, ends, events (of our side), and what
`hostapd_cli` answered.
"""

import argparse
import json
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.pairs.eap_wsc_link import (
    CREDENTIAL,
    PUSH_BUTTON_PASSWORD,
    Machine,
    RecordingAuthority,
    ap_enrollee,
    ap_registrar,
    eap_events,
    station_enrollee,
    station_registrar,
    wsc_events,
)
from tests.pairs.eap_wsc_transcript import pdu_summary

from wpsagent.eap.authenticator import EapAuthenticator
from wpsagent.eap.events import EapEnded
from wpsagent.eap.machine import Role
from wpsagent.eap.peer import EapPeer
from wpsagent.wsc.ap_enrolment import AccessPointEnrolment
from wpsagent.wsc.credential import encode_credentials
from wpsagent.wsc.registrar import Grant, Purpose

PAE_GROUP_ADDRESS = bytes.fromhex("0180c2000003")
ETHERTYPE_EAPOL = 0x888E
PIN = "12345670"
NEW_SETTINGS = "new_ssid=6e6577 new_auth=WPA2PSK new_encr=CCMP new_key=6e65776e65776e6577"

SUPPLICANT = """ap_scan=0
network={{
 key_mgmt=IEEE8021X
 eap=WSC
 identity="{identity}"
 phase1="{phase1}"
 eapol_flags=0
 fragment_size={fragment_size}
}}
"""

HOSTAPD = """interface=wb
driver=wired
ctrl_interface={folder}/control
ieee8021x=1
eap_server=1
eap_user_file={folder}/users
ssid=wired
fragment_size={fragment_size}
wps_state=2
uuid=12345678-9abc-def0-1234-56789abcdef0
device_name=hostapd
device_type=6-0050F204-1
config_methods=label display push_button keypad
ap_pin=12345670
skip_cred_build=1
extra_cred={folder}/credential
"""

_ENROLLEE, _REGISTRAR = "WFA-SimpleConfig-Enrollee-1-0", "WFA-SimpleConfig-Registrar-1-0"

# What wpa_supplicant is to do: identity and phase1.
SUPPLICANT_MODES = {
    "button": (_ENROLLEE, "pbc=1"),
    "pin": (_ENROLLEE, f"pin={PIN}"),
    "wrong pin": (_ENROLLEE, "pin=12349999"),
    "learn": (_REGISTRAR, f"pin={PIN}"),
    "configure": (_REGISTRAR, f"pin={PIN} {NEW_SETTINGS}"),
}

# What hostapd_cli is told, and our machine.
HOSTAPD_MODES: dict[str, tuple[tuple[str, ...], Callable[[], Machine]]] = {
    "button": (("wps_pbc",), station_enrollee),
    "pin": (("wps_pin", "any", PIN), lambda: station_enrollee(PIN.encode(), 0)),
    "wrong pin": (("wps_pin", "any", PIN), lambda: station_enrollee(b"12349999", 0)),
    "no pin": (("wps_cancel",), lambda: station_enrollee(PIN.encode(), 0)),
    "learn": (("status",), lambda: station_registrar(PIN.encode(), Purpose.LEARN)),
    "configure": (("status",), lambda: station_registrar(PIN.encode(), Purpose.CONFIGURE)),
}


def open_wire() -> socket.socket:
    """Makes the two interfaces; a socket for EAPOL on wa."""
    for command in (
        "link add wa type veth peer name wb",
        "link set wb address 02:00:00:00:00:0b",
        "link set wa up",
        "link set wb up",
    ):
        subprocess.run(["ip", *command.split(" ")], check=True)
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETHERTYPE_EAPOL))
    wire.bind(("wa", ETHERTYPE_EAPOL))
    membership = struct.pack("iHH8s", socket.if_nametoindex("wa"), 0, 6, PAE_GROUP_ADDRESS)
    wire.setsockopt(263, 1, membership)  # SOL_PACKET, PACKET_ADD_MEMBERSHIP
    return wire


def converse(side: EapAuthenticator | EapPeer, wire: socket.socket, within: float) -> tuple[list[str], list[str]]:
    """Carries PDUs until the side has come to its end; the transcript and the reasons of its ends."""
    transcript: list[str] = []
    ends: list[str] = []
    gives_up_at = time.monotonic() + within
    while not ends and time.monotonic() < gives_up_at:
        if select.select([wire], [], [], 0.05)[0]:
            pdu, address = wire.recvfrom(4096)
            if address[2] != socket.PACKET_OUTGOING:
                transcript.append(f"< {pdu_summary(pdu)}")
                side.receive(pdu, time.monotonic())
        side.handle_timer(time.monotonic())
        for pdu in side.messages_to_send():
            transcript.append(f"> {pdu_summary(pdu)}")
            wire.sendto(pdu, ("wa", ETHERTYPE_EAPOL, 0, 0, PAE_GROUP_ADDRESS))
        ends += [event.reason.name for event in eap_events(side) if isinstance(event, EapEnded)]
    return transcript, ends


def start_supplicant(mode: str, fragment_size: int, folder: Path) -> subprocess.Popen[bytes]:
    identity, phase1 = SUPPLICANT_MODES[mode]
    file = folder / "supplicant.conf"
    file.write_text(SUPPLICANT.format(identity=identity, phase1=phase1, fragment_size=fragment_size))
    with (folder / "peer.log").open("wb") as log:
        return subprocess.Popen(["wpa_supplicant", "-Dwired", "-iwb", f"-c{file}"], stdout=log, stderr=log)


def start_hostapd(mode: str, fragment_size: int, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    (folder / "users").write_text('"nobody" MD5 "nothing"\n')
    (folder / "credential").write_bytes(encode_credentials((CREDENTIAL,)))
    file = folder / "hostapd.conf"
    file.write_text(HOSTAPD.format(fragment_size=fragment_size, folder=folder))
    with (folder / "peer.log").open("wb") as log:
        process = subprocess.Popen(["hostapd", str(file)], stdout=log, stderr=log)
    client = ["hostapd_cli", f"-p{folder}/control", "-iwb"]
    for _ in range(100):
        if b"PONG" in subprocess.run([*client, "ping"], capture_output=True, check=False).stdout:
            break
        time.sleep(0.05)
    answer = subprocess.run([*client, *HOSTAPD_MODES[mode][0]], capture_output=True, text=True, check=False)
    return process, answer.stdout


def against_supplicant(mode: str, fragment_size: int, folder: Path) -> dict[str, object]:
    """We are the access point."""
    machines: list[Machine] = []
    decision = Grant(PUSH_BUTTON_PASSWORD, 4) if mode == "button" else Grant(PIN.encode(), 0)
    authority = RecordingAuthority(decision)

    def machine_for(role: Role) -> Machine:
        is_enrolment = role is Role.ENROLLEE
        machines.append(
            ap_registrar(authority) if is_enrolment else ap_enrollee(PIN.encode(), AccessPointEnrolment(bytes))
        )
        return machines[-1]

    wire = open_wire()
    authenticator = EapAuthenticator(machine_for=machine_for, fragment_size=fragment_size, wait_for_start=True)
    authenticator.start(time.monotonic())
    process = start_supplicant(mode, fragment_size, folder)
    try:
        transcript, ends = converse(authenticator, wire, 20.0)
        time.sleep(0.2)  # for the peer's own last words
    finally:
        process.terminate()
        process.wait()
    events = [repr(event) for machine in machines for event in wsc_events(machine)]
    return {"transcript": transcript, "ends": ends, "events": events}


def against_hostapd(mode: str, fragment_size: int, folder: Path) -> dict[str, object]:
    """We are the station."""
    wire = open_wire()
    process, answer = start_hostapd(mode, fragment_size, folder)
    machine = HOSTAPD_MODES[mode][1]()
    role = Role.REGISTRAR if mode in ("learn", "configure") else Role.ENROLLEE
    peer = EapPeer(role, machine, fragment_size=fragment_size, is_wps2=False)
    peer.start(time.monotonic())
    try:
        transcript, ends = converse(peer, wire, 20.0)
        time.sleep(0.2)
    finally:
        process.terminate()
        process.wait()
    events = [repr(event) for event in wsc_events(machine)]
    return {"transcript": transcript, "ends": ends, "events": events, "answer": answer}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=("wpa_supplicant", "hostapd"))
    parser.add_argument("mode")
    parser.add_argument("fragment_size", type=int)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    run = against_hostapd if arguments.peer == "hostapd" else against_supplicant
    json.dump(run(arguments.mode, arguments.fragment_size, arguments.folder), sys.stdout)


if __name__ == "__main__":
    main()
