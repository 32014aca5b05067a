# SPDX-License-Identifier: BSD-3-Clause
"""AGENT_STATUS in plain words."""

from collections.abc import Mapping
from typing import Any


def status_lines(state: Mapping[str, Any]) -> list[str]:
    """AGENT_STATUS in plain words."""
    lines = [f"{state['node']}: {session_words(state)}"]
    lines += [f"  {_network_words(network)}" for network in state["access_points"]]
    lines += [f"  {_station_words(station)}" for station in state.get("stations", ())]
    lines += [f"  {_backend_words(one)}" for one in state.get("backends", ()) if one["reason"] != _AS_CONFIGURED]
    if last := state["last_result"]:
        lines.append(f"  last result: {_result_words(last)}")
    return [*lines, f"  MQTT: {_mqtt_words(state['mqtt'])}"]


_AS_CONFIGURED = "the configuration says so"

_SESSIONS: Mapping[str, str] = {
    "idle": "waiting for the button",
    "active": "open for one device",
    "success": "a device was admitted",
    "error": "the last attempt failed",
    "overlap": "two devices pressed at once: wait two minutes and press again",
    "timeout": "nobody came within the time",
    "cancelled": "cancelled",
}

_STATION_SESSIONS: Mapping[str, str] = {
    "active": "looking for an access point",
    "success": "an access point let us in",
    "error": "the last attempt failed",
    "overlap": "more than one access point was in push-button mode: wait two minutes",
    "timeout": "no access point let us in within the time",
    "cancelled": "cancelled",
}

_METHODS: Mapping[str, str] = {"push_button": "push button", "pin": "PIN", "ap_pin": "the access point's PIN"}


def session_words(state: Mapping[str, Any]) -> str:
    """What goes on, with the time left; of a state agent, group, stations, state, method and seconds_left count."""
    if state["agent"] != "running":
        return str(state["agent"])
    is_station = state["group"] in [station["interface"] for station in state.get("stations", ())]
    words = _STATION_SESSIONS if is_station else _SESSIONS
    text = words.get(state["state"], state["state"])
    if state["state"] == "active":
        text += f" by {_METHODS.get(state['method'], state['method'])}"
    left = state["seconds_left"]
    return text if left is None else f"{text}, {left // 60}:{left % 60:02} left"


def _backend_words(backend: Mapping[str, Any]) -> str:
    return f"{backend['interface']}: backend {backend['backend']} ({backend['reason']})"


def _network_words(network: Mapping[str, Any]) -> str:
    name = str(network["interface"])
    if network["channel"]:  # 0: another program's, and not seen yet
        name += f": {network['ssid']!r} on channel {network['channel']}"
    match network["state"]:
        case "enabled":
            return f"{name} is up; connected: {', '.join(network['stations']) or 'nobody'}"
        case "starting":
            return f"{name} is starting"
        case state:
            return f"{name} is DOWN: {network['reason'] or state}"


def _station_words(station: Mapping[str, Any]) -> str:
    known = f"{station['networks']} network{'' if station['networks'] == 1 else 's'} known"
    match station["state"]:
        case "connected":
            text = f"connected to {station['ssid']!r} ({station['bssid']})"
        case "disconnected":
            text = "not connected"
        case "starting":
            return f"{station['interface']}: station, starting"
        case "handed_over":
            network = f" with {station['ssid']!r}" if station["ssid"] else ""
            return f"{station['interface']}: station, handed over{network}; WPS fetches it back"
        case state:
            return f"{station['interface']}: station, DOWN: {station['reason'] or state}"
    saved = f"; NOT saved: {station['reason']}" if station["reason"] else ""
    return f"{station['interface']}: station, {text}; {known}{saved}"


def _result_words(last: Mapping[str, Any]) -> str:
    device = " ".join(text for text in (last.get("device_name"), last.get("station")) if text)
    parts = (last["result"], last.get("reason"), device, last["at"])
    return ", ".join(part for part in parts if part)


def _mqtt_words(mqtt: Mapping[str, Any] | None) -> str:
    if mqtt is None:
        return "not configured"
    lost = f"; {mqtt['dropped_events']} events were lost" if mqtt.get("dropped_events") else ""
    if mqtt["connected"]:
        complaint = f"; {mqtt['error']}" if mqtt["error"] else ""
        return f"connected to {mqtt['broker']}, topic {mqtt['topic']}{lost}{complaint}"
    return f"NOT connected to {mqtt['broker']}: {mqtt['error'] or 'trying'}{lost}"
