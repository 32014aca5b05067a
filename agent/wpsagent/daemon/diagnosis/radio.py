# SPDX-License-Identifier: BSD-3-Clause
"""Checks the radios: each network's interface, what its radio can do, its channel, its rfkill switch.

Sources: Documentation/ABI/stable/sysfs-class-rfkill; IEEE 802.11-2020, table 9-149 (cipher suites).
"""

import re
from collections.abc import AsyncIterator

from wpsagent.capabilities import Frequency, InterfaceType, RadioCapabilities
from wpsagent.config.model import AccessPointSettings, Security, StationSettings
from wpsagent.daemon.diagnosis.findings import Finding, ok, problem, skipped, warning
from wpsagent.daemon.diagnosis.survey import Survey
from wpsagent.dot11.channels import channel_of
from wpsagent.errors import AgentError, UsageError
from wpsagent.io.nl80211.capabilities import InterfaceDescription, WiphyDescription
from wpsagent.io.nl80211.sharing import shared_channels, why_not_together

_CCMP_128 = 0x000FAC04
_FIRMWARE = (
    "; its firmware takes the stations (FullMAC): most keep what devices ask for to themselves, so that two that are "
    "in WPS mode at once are noticed only when the second one comes, and who needs a PIN only when it comes"
)
_SOFTMAC = "take an adapter whose driver leaves the access point to the computer, such as ath9k, mt76 or rt2800usb"


async def check_radios(survey: Survey) -> AsyncIterator[Finding]:
    """The radios there are; then, for each network, interface, channel and rfkill."""
    try:
        survey.wiphys = await survey.ports.discover()
    except (AgentError, OSError) as error:
        yield problem("radios", f"they cannot be listed: {error}", "see that the Wi-Fi driver is loaded (dmesg, lsmod)")
        return
    if not survey.wiphys:
        yield problem("radios", "the kernel has none", _no_radio_remedy(survey))
        return
    names = ", ".join(_radio_name(wiphy.capabilities) for wiphy in survey.wiphys)
    yield ok("radios", names)
    if not survey.claims:
        if not survey.attached:
            yield skipped("interfaces", "there is no usable configuration that names any")
        for wiphy in survey.wiphys:
            yield _rfkill(survey, f"rfkill {wiphy.capabilities.wiphy_name}", wiphy)
    country = await _country(survey) if survey.access_points else None
    for ap in survey.access_points:
        for finding in _network(survey, ap, country):
            yield finding
    for station in survey.stations:
        for finding in _station(survey, station):
            yield finding
    for wiphy in survey.wiphys:
        for finding in _together(survey, wiphy):
            yield finding


def _no_radio_remedy(survey: Survey) -> str:
    text = "plug the adapter in; see dmesg for a driver or a firmware file that is missing"
    return f"{text} (dtoverlay=disable-wifi in config.txt takes the Pi's own away)" if survey.is_raspberry_pi else text


def _radio_name(capabilities: RadioCapabilities) -> str:
    return f"{capabilities.wiphy_name} ({capabilities.driver or 'unknown driver'})"


def _station(survey: Survey, station: StationSettings) -> list[Finding]:
    """What a station needs: its interface, a radio that can be one, and that it is not blocked."""
    name = station.interface
    check = f"interface {name}"
    wiphy = wiphy_of(survey, station)
    if wiphy is None:
        return [_no_interface(survey, station)]
    radio = _radio_name(wiphy.capabilities)
    if not wiphy.capabilities.supports_station:
        return [problem(check, f"{radio} cannot be a station", "take another adapter")]
    return [_place(survey, station, f"{radio}, which can be a station"), _rfkill(survey, f"rfkill {name}", wiphy)]


def _network(survey: Survey, ap: AccessPointSettings, country: str | None) -> list[Finding]:
    wiphy = wiphy_of(survey, ap)
    if wiphy is None:
        return [_no_interface(survey, ap)]
    findings = [_interface(survey, ap, wiphy), _rfkill(survey, f"rfkill {ap.interface}", wiphy)]
    findings += _channel(survey, ap, wiphy, country)
    if ap.follow is not None:
        text = f"what WPS teaches {ap.follow} becomes its name and key, once {ap.follow} has joined it"
        findings.append(ok(f"follow {ap.interface}", text))
    return findings + _bridge(survey, ap)


def wiphy_of(survey: Survey, role: AccessPointSettings | StationSettings) -> WiphyDescription | None:
    """The radio of a network or a station: that of its interface, or the one the interface is to be created on."""
    name = role.create_on or role.interface
    for wiphy in survey.wiphys or ():
        if name in (i.name for i in wiphy.interfaces) or name == role.create_on == wiphy.capabilities.wiphy_name:
            return wiphy
    return None


def interface_of(survey: Survey, name: str) -> InterfaceDescription | None:
    """A wireless interface by its name."""
    return next((i for wiphy in survey.wiphys or () for i in wiphy.interfaces if i.name == name), None)


# ---- the interface


def _no_interface(survey: Survey, ap: AccessPointSettings | StationSettings) -> Finding:
    name, wiphys = ap.create_on or ap.interface, survey.wiphys or []
    interfaces = [interface.name for wiphy in wiphys for interface in wiphy.interfaces]
    radios = [wiphy.capabilities.wiphy_name for wiphy in wiphys]
    check = f"interface {ap.interface}"
    if survey.path(f"/sys/class/net/{name}").exists():
        text = f"{name} is not a wireless interface"
    elif ap.create_on is not None:
        text = f"there is no radio or wireless interface {name} to create it on"
    else:
        text = f"there is no interface {name}"
    there_is = ", ".join(interfaces) or "none"
    if ap.create_on is not None:
        return problem(check, text, f"set create_on to one of: {', '.join([*radios, *interfaces])}")
    return problem(
        check,
        f"{text} (wireless ones: {there_is})",
        f'set interface to one of these, or create_on = "{radios[0]}" to have it created',
    )


def _interface(survey: Survey, ap: AccessPointSettings, wiphy: WiphyDescription) -> Finding:
    check, radio = f"interface {ap.interface}", wiphy.capabilities
    name = _radio_name(radio)
    if not radio.supports_ap:
        return problem(check, f"{name} cannot be an access point: its driver has no AP mode", _SOFTMAC)
    if ap.security is Security.WPA2 and radio.cipher_suites and _CCMP_128 not in radio.cipher_suites:
        return problem(check, f"{name} cannot encrypt with CCMP, which WPA2 needs", _SOFTMAC)
    firmware = _FIRMWARE if radio.has_ap_sme else ""
    return _place(survey, ap, f"{name}, which can be an access point{firmware}")


def _place(survey: Survey, role: AccessPointSettings | StationSettings, where: str) -> Finding:
    """An interface that is there, or that can be created."""
    check = f"interface {role.interface}"
    if role.create_on is None:
        return ok(check, f"it is on {where}")
    if interface_of(survey, role.interface) is None or survey.runs_network(role.interface):
        return ok(check, f"it is created on {where}")
    text = f"it is to be created on {role.create_on}, but there is an interface of this name already"
    return problem(check, text, f"remove it (iw dev {role.interface} del), or leave out create_on to use it")


def _bridge(survey: Survey, ap: AccessPointSettings) -> list[Finding]:
    if ap.bridge is None:
        return []
    check = f"bridge {ap.bridge}"
    if survey.path(f"/sys/class/net/{ap.bridge}/bridge").is_dir():
        return [ok(check, f"it is there for {ap.interface}")]
    if survey.path(f"/sys/class/net/{ap.bridge}").exists():
        return [problem(check, f"{ap.bridge} is not a bridge", "set access_point.bridge to one, or leave it out")]
    remedy = f"create it (ip link add {ap.bridge} type bridge), or leave out access_point.bridge"
    return [problem(check, f"there is no interface {ap.bridge}", remedy)]


def _together(survey: Survey, wiphy: WiphyDescription) -> list[Finding]:
    """Whether the radio can have all the interfaces up that the configuration wants of it."""
    kinds = _wanted(survey, wiphy)
    if len(kinds) < 2:
        return []
    check, reason = f"interfaces of {wiphy.capabilities.wiphy_name}", why_not_together(wiphy.capabilities, kinds)
    if reason is not None:
        return [problem(check, reason, "take another radio for one of them, or leave it out of the configuration")]
    text = f"it can have all {len(kinds)} of them up at the same time"
    if len(set(kinds)) == len(_ROLES) and shared_channels(wiphy.capabilities, kinds) == 1:
        text += ", on one channel: access points go where the station is"
    return [ok(check, text)]


_ROLES = (InterfaceType.AP, InterfaceType.STATION)


def _wanted(survey: Survey, wiphy: WiphyDescription) -> list[InterfaceType]:
    """What the configuration wants of a radio."""
    access_points = [InterfaceType.AP for ap in survey.access_points if wiphy_of(survey, ap) is wiphy]
    return access_points + [InterfaceType.STATION for each in survey.stations if wiphy_of(survey, each) is wiphy]


# ---- rfkill


def _rfkill(survey: Survey, check: str, wiphy: WiphyDescription) -> Finding:
    state, name = wiphy.rfkill, wiphy.capabilities.wiphy_name
    if state.is_hard_blocked:
        return problem(check, f"{name} is blocked by its hardware switch", "turn the device's Wi-Fi switch on")
    if not state.is_soft_blocked:
        return ok(check, f"{name} is not blocked")
    remedy = f"rfkill unblock wifi, or: {_unblock_by_file(survey, name)}"
    if survey.path("/run/NetworkManager").exists():
        remedy += "; NetworkManager remembers it: nmcli radio wifi on"
    if survey.is_raspberry_pi:
        remedy += "; a Raspberry Pi is blocked until its country is set: raspi-config nonint do_wifi_country CC"
    return problem(check, f"{name} is blocked by software", remedy)


def _unblock_by_file(survey: Survey, wiphy_name: str) -> str:
    """For boards without the rfkill command."""
    switches = sorted(folder.name for folder in survey.path("/sys/class/rfkill").glob("rfkill*"))
    switch = next((s for s in switches if survey.read(f"/sys/class/rfkill/{s}/name") == wiphy_name), "rfkill*")
    return f"echo 0 > /sys/class/rfkill/{switch}/soft"


# ---- the channel


async def _country(survey: Survey) -> str | None:
    """The country whose rules the kernel follows, 00 for the world's; None when nobody can say."""
    result = await survey.ports.run(("iw", "reg", "get"))
    found = re.search(r"^country ([A-Z0-9]{2}):", result.output, re.MULTILINE) if result is not None else None
    return found[1] if found else None


def _channel(survey: Survey, ap: AccessPointSettings, wiphy: WiphyDescription, country: str | None) -> list[Finding]:
    """Whether the regulatory domain lets it beacon there now, and whether the radio is on another channel."""
    check, radio = f"channel {ap.interface}", wiphy.capabilities
    band = radio.band_of(ap.frequency_mhz)
    frequency = next((f for f in band.frequencies if f.mhz == ap.frequency_mhz), None) if band else None
    rules = {None: "the country's rules", "00": "the rules of the world (no country is set)"}.get(
        country, f"the rules of {country}"
    )
    here = f"channel {ap.channel} ({ap.frequency_mhz} MHz)"
    if (text := _refusal(radio, frequency, here, rules)) is not None:
        return [problem(check, text, _channel_remedy(ap, radio, country))]
    findings = []
    if ap.country is not None and country is not None and ap.country != country:
        text = f"the configuration says {ap.country}, but the kernel follows {rules}"
        findings.append(warning(check, text, _set_country(ap.country)))
    findings += _neighbours(survey, check, ap, wiphy)
    return findings or [ok(check, f"{here} is allowed by {rules}")]


def _refusal(radio: RadioCapabilities, frequency: Frequency | None, here: str, rules: str) -> str | None:
    if frequency is None:
        return f"{radio.wiphy_name} has no {here}"
    if frequency.is_disabled:
        return f"{here} is forbidden by {rules}"
    if frequency.needs_radar_detection:
        return f"{here} needs radar detection, which wps-agent does not do"
    return None if frequency.may_initiate else f"{here} is for listening only by {rules}"


def _channel_remedy(ap: AccessPointSettings, radio: RadioCapabilities, country: str | None) -> str:
    usable = sorted(
        f.mhz
        for band in radio.bands
        for f in band.frequencies
        if f.may_initiate and not f.is_disabled and not f.needs_radar_detection
    )
    remedy = f"set channel to one of: {', '.join(_channel_name(mhz) for mhz in usable) or '(none is usable now)'}"
    wanted = ap.country or "CC"
    return remedy if country == ap.country is not None else f"{remedy}; or {_set_country(wanted)}"


def _channel_name(mhz: int) -> str:
    try:
        return str(channel_of(mhz))
    except UsageError:
        return f"{mhz} MHz"


def _set_country(country: str) -> str:
    return f"set the country: iw reg set {country} (for good: cfg80211.ieee80211_regdom={country} for the kernel)"


def _neighbours(survey: Survey, check: str, ap: AccessPointSettings, wiphy: WiphyDescription) -> list[Finding]:
    """Whoever shares the radio: most radios can be on one channel at a time.  For a station of ours we make way."""
    own = {other.interface: other for other in survey.access_points}
    known = {*own, *(station.interface for station in survey.stations)}
    others = {i.name: i.frequency_mhz for i in wiphy.interfaces if i.frequency_mhz is not None and i.name not in known}
    others |= {name: other.frequency_mhz for name, other in own.items() if wiphy_of(survey, other) is wiphy}
    return [
        warning(
            check,
            f"{name} on the same radio is on channel {_channel_name(mhz)}, not {ap.channel}: "
            "most radios can be on one channel only",
            f"set channel to {_channel_name(mhz)}, or take another radio for one of them",
        )
        for name, mhz in others.items()
        if name != ap.interface and mhz != ap.frequency_mhz
    ]
