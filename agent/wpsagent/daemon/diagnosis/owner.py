# SPDX-License-Identifier: BSD-3-Clause
"""Checks who owns each network's interface, and how to make it let go.

Asked, in this order: the running agent, OpenWrt's netifd (ubus), NetworkManager (nmcli(1), NetworkManager.conf(5)),
the control sockets of hostapd and wpa_supplicant, iwd, and at last the interface itself: does it beacon, is it in a
network.
"""

import configparser
from collections.abc import AsyncIterator, Iterator
from fnmatch import fnmatchcase
from typing import Any

from wpsagent.capabilities import InterfaceType
from wpsagent.daemon.diagnosis.findings import Finding, ok, problem, skipped, warning
from wpsagent.daemon.diagnosis.radio import interface_of
from wpsagent.daemon.diagnosis.survey import Claim, CommandResult, Presence, Survey

# nmcli(1), exit status
_NOT_RUNNING, _NO_SUCH_DEVICE = 8, 10
_UNMANAGED = 10  # NMDeviceState
_CONFIGURATIONS = (
    "/usr/lib/NetworkManager/conf.d/*.conf",
    "/etc/NetworkManager/NetworkManager.conf",
    "/etc/NetworkManager/conf.d/*.conf",
    "/run/NetworkManager/conf.d/*.conf",
)


async def check_owners(survey: Survey) -> AsyncIterator[Finding]:
    """A line for each owner of each interface, or one that says there is none."""
    if not survey.claims and not survey.attached:
        yield skipped("owner", "there is no usable configuration that names interfaces")
    for claim in survey.claims:
        found = [finding async for finding in _owners(survey, claim)]
        for finding in found or [_nobody(survey, claim)]:
            yield finding


def _nobody(survey: Survey, claim: Claim) -> Finding:
    check = f"owner {claim.interface}"
    if survey.wiphys is None:
        return skipped(check, "no program says that it has it, but interfaces cannot be listed")
    if not claim.is_created and interface_of(survey, claim.interface) is None:
        return skipped(check, "there is no such interface that anybody could have")
    return ok(check, "no other program has it")


async def _owners(survey: Survey, claim: Claim) -> AsyncIterator[Finding]:
    check, name = f"owner {claim.interface}", claim.interface
    if survey.runs_network(name):
        yield ok(check, "the running wps-agent has it")
        return
    if claim.is_lent:
        yield ok(check, "whoever manages networks here may have it: hand_over says so")
        return
    if (finding := await _netifd(survey, check, name)) is not None:
        yield finding  # the hostapd and wpa_supplicant on it are netifd's
        return
    has_owner = False
    for finding in (
        await _network_manager(survey, check, name) if not claim.is_taken else None,
        await _controlled(survey, check, name, "hostapd"),
        await _controlled(survey, check, name, "wpa_supplicant"),
        _iwd(survey, check, name),
    ):
        if finding is not None:
            has_owner = True
            yield finding
    if not has_owner and (finding := _in_use(survey, check, name)) is not None:
        yield finding


# ---- NetworkManager


async def _network_manager(survey: Survey, check: str, name: str) -> Finding | None:
    fields = "GENERAL.STATE,GENERAL.NM-MANAGED"
    result = await survey.ports.run(("nmcli", "-t", "-f", fields, "device", "show", name))
    if result is None:
        if not survey.path("/run/NetworkManager").exists() or _is_left_alone(survey, name):
            return None
        text = "NetworkManager seems to be running, and there is no nmcli to ask what it does with it"
        return warning(check, text, _leave_alone(name))
    match result.status:
        case 0:
            return _managed(check, name, result)
        case code if code == _NOT_RUNNING:
            return None
        case code if code == _NO_SUCH_DEVICE:
            if _is_left_alone(survey, name):
                return None
            text = f"NetworkManager is running and will take {name} as soon as it is there"
            return warning(check, text, _leave_alone(name))
        case _ if not survey.path("/run/NetworkManager").exists():
            return None  # installed only: nmcli has no bus to ask on
        case _:
            words = result.output.strip() or f"exit status {result.status}"
            return warning(check, f"NetworkManager cannot be asked: {words}", f"see: nmcli device show {name}")


def _managed(check: str, name: str, result: CommandResult) -> Finding | None:
    """GENERAL.STATE:30 (disconnected), GENERAL.NM-MANAGED:yes."""
    fields = dict(line.split(":", 1) for line in result.output.splitlines() if ":" in line)
    number, _, words = fields.get("GENERAL.STATE", "").partition(" ")
    if fields.get("GENERAL.NM-MANAGED") == "no" or number == str(_UNMANAGED):
        return None
    remedy = f"now: nmcli device set {name} managed no; for good: {_leave_alone(name)}"
    return problem(check, f"NetworkManager has it {words or '(in a state it does not tell)'}", remedy)


def _leave_alone(name: str) -> str:
    return (
        "write the two lines [keyfile] and unmanaged-devices=interface-name:"
        f"{name} into /etc/NetworkManager/conf.d/90-wps-agent.conf, then: nmcli general reload"
    )


def _is_left_alone(survey: Survey, name: str) -> bool:
    """Whether NetworkManager's configuration tells it to leave an interface alone; the last file counts."""
    devices = ""
    for pattern in _CONFIGURATIONS:
        for file in sorted(survey.ports.root.glob(pattern.lstrip("/"))):
            parser = configparser.ConfigParser(interpolation=None, strict=False)
            try:
                parser.read(file)
            except (configparser.Error, UnicodeDecodeError):
                continue
            devices = parser.get("keyfile", "unmanaged-devices", fallback=devices)
    words = devices.replace(",", ";").split(";")
    patterns = [word.strip().removeprefix("interface-name:") for word in words if "interface-name:" in word]
    return any(fnmatchcase(name, pattern.removeprefix("=")) for pattern in patterns)


# ---- hostapd, wpa_supplicant, iwd


async def _controlled(survey: Survey, check: str, name: str, program: str) -> Finding | None:
    """Whether a program answers on its control socket for the interface, or was started for it."""
    folders = {survey.path(f"/{folder}/{program}").resolve(): folder for folder in ("var/run", "run")}
    for folder in folders.values():
        path = f"/{folder}/{program}/{name}"
        match await survey.ask(path, "PING"):
            case Presence.ANSWERED, answer if answer.strip() == "PONG":
                return problem(check, f"{program} has it and answers on {path}", _stop(survey, name, program))
            case ((Presence.ANSWERED | Presence.SILENT), _):
                text = f"somebody is on {path} but does not answer as {program} does"
                return problem(check, text, _stop(survey, name, program))
            case Presence.FORBIDDEN, _:
                return warning(check, f"no permission to ask {path} whether {program} has it", "run as root")
            case _:
                pass
    for process in survey.processes(program):
        if {name, f"-i{name}"} & set(process.arguments):
            text = f"{program} (process {process.pid}) was started for it"
            return problem(check, text, _stop(survey, name, program))
    return None


def _stop(survey: Survey, name: str, program: str) -> str:
    """How to make a program let go of an interface, here."""
    if survey.is_openwrt:
        return _disable_radio("<radio>")
    if program == "wpa_supplicant":
        unit = f"; for good: systemctl disable --now wpa_supplicant@{name}" if survey.has_systemd else ""
        return f"wpa_cli -i {name} terminate{unit}"
    if survey.has_systemd:
        return "systemctl disable --now hostapd"
    return survey.service_command("stop", "hostapd") or f"hostapd_cli -i {name} terminate"


def _iwd(survey: Survey, check: str, name: str) -> Finding | None:
    for process in survey.processes("iwd"):
        arguments = set(process.arguments)
        if interface_of(survey, name) is not None and not arguments & {"-I", "--nointerfaces"}:
            remedy = f"start it with --nointerfaces {name}, or: " + (
                survey.service_command("stop", "iwd") or f"kill {process.pid}"
            )
            return warning(check, f"iwd (process {process.pid}) is running, and takes every interface there is", remedy)
    return None


# ---- netifd


async def _netifd(survey: Survey, check: str, name: str) -> Finding | None:
    """The radio of /etc/config/wireless that has the interface."""
    if not survey.path("/sbin/netifd").exists():
        return None
    for radio, interfaces in _netifd_radios(await survey.run_json("ubus", "call", "network.wireless", "status")):
        if name in interfaces:
            text = f"netifd has it: it is an interface of {radio} in /etc/config/wireless"
            return problem(check, text, _disable_radio(radio))
    return None


def _netifd_radios(status: Any) -> Iterator[tuple[str, list[str]]]:
    """(radio, its interfaces) of each radio that is up or coming up."""
    if not isinstance(status, dict):
        return
    for radio, fields in status.items():
        if isinstance(fields, dict) and (fields.get("up") or fields.get("pending")):
            interfaces = fields.get("interfaces")
            known = interfaces if isinstance(interfaces, list) else []
            yield str(radio), [str(each.get("ifname")) for each in known if isinstance(each, dict)]


def _disable_radio(radio: str) -> str:
    return (
        f"uci set wireless.{radio}.disabled=1; uci commit wireless; wifi reload "
        "(its interface goes with it: have it made by create_on, with the phy's name)"
    )


# ---- the interface itself


def _in_use(survey: Survey, check: str, name: str) -> Finding | None:
    """An interface that beacons or is in a network although nobody has told that it is theirs."""
    interface = interface_of(survey, name)
    if interface is None or interface.ssid is None:
        return None
    if interface.type is InterfaceType.AP:
        pids = [str(process.pid) for process in survey.processes("hostapd")]
        who = f"hostapd, perhaps (process {', '.join(pids)})" if pids else "a program that cannot be named"
        text = f"it is an access point already (network {interface.ssid}), run by {who}"
        return problem(check, text, _stop(survey, name, "hostapd"))
    remedy = f"disconnect it (iw dev {name} disconnect), or leave it its network: take another interface, or create_on"
    return problem(check, f"it is connected to network {interface.ssid}", remedy)
