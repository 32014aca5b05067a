# SPDX-License-Identifier: BSD-3-Clause
"""What Home Assistant is told of this device: one message for all its entities (MQTT discovery by device).

The message goes, retained, to `<prefix>/device/<object id>/config`; an empty one there removes the device.  Its fields
are those of Home Assistant's MQTT integration, by their whole names.  An entity of which only the platform is said is
removed, if it was there: so a command that is no longer allowed takes its button along.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wpsagent.status.model import SessionState

Component = Mapping[str, Any]

BIRTH = b"online"
"""What Home Assistant says on <prefix>/status when it has started."""

_SETUP_EVENTS = (
    "push_button_started",
    "push_button_ended",
    "push_button_refused",
    "pin_started",
    "pin_ended",
    "pin_needed",
    "cancelled",
    "overlap",
    "enrolment_succeeded",
    "enrolment_failed",
    "setup_locked",
    "setup_unlocked",
    "station_wps_started",
    "station_wps_ended",
    "station_wps_refused",
)
_MAX_STATE = 255
"""Characters of a state that Home Assistant takes."""

_PIN_PATTERN = r"^$|^[0-9]{4}([- ]?[0-9]{4})?$"
_ASKER = '"id":"home-assistant"'


@dataclass(frozen=True, slots=True)
class Announced:
    """The device that is announced.  topic: <base>/<node>; commands: those that are allowed.

    manufacturer and model: None where nobody has said them.
    """

    topic: str
    node: str
    version: str
    manufacturer: str | None
    model: str | None
    qos: int
    commands: Sequence[str] = ()
    has_access_points: bool = True
    has_stations: bool = False


def object_id(topic: str) -> str:
    """A name of letters, digits, '_' and '-', as discovery wants it, that no other topic has."""
    name = re.sub("[^A-Za-z0-9-]", "_", topic)
    is_reversible = name.replace("_", "/") == topic
    return name if is_reversible else f"{name}_{zlib.crc32(topic.encode()):08x}"


def discovery_topic(prefix: str, topic: str) -> str:
    return f"{prefix}/device/{object_id(topic)}/config"


def discovery(device: Announced) -> dict[str, Any]:
    """The message."""
    name = object_id(device.topic)
    # Home Assistant takes a qos beside the components, but does not hand it to them (seen in 2026.2).
    common = {"availability_topic": f"{device.topic}/availability", "qos": device.qos}
    components: dict[str, dict[str, Any]] = {}
    for key, component in (_events(device) | _sensors(device) | _commands(device)).items():
        is_removed = set(component) == {"platform"}
        components[key] = dict(component) if is_removed else {**component, "unique_id": f"{name}_{key}"} | common
    components["online"] = {**_online(device), "unique_id": f"{name}_online", "qos": device.qos}
    described = {"manufacturer": device.manufacturer, "model": device.model}
    return {
        "device": {
            "identifiers": [name],
            "name": device.node,
            **{key: value for key, value in described.items() if value is not None},
            "sw_version": device.version,
        },
        "origin": {"name": "wps-agent", "sw_version": device.version},
        "state_topic": f"{device.topic}/state",
        "components": components,
    }


def _online(device: Announced) -> Component:
    """It alone has something to say while the device is away."""
    return {
        "platform": "binary_sensor",
        "name": "Online",
        "device_class": "connectivity",
        "entity_category": "diagnostic",
        "state_topic": f"{device.topic}/availability",
        "payload_on": "online",
        "payload_off": "offline",
    }


def _events(device: Announced) -> dict[str, Component]:
    """An event entity complains of types that it does not know: the templates leave them out."""
    names = ", ".join(f"'{name}'" for name in _SETUP_EVENTS)
    return {
        "button": {
            "platform": "event",
            "name": "Button",
            "device_class": "button",
            "state_topic": f"{device.topic}/event",
            "event_types": ["short_press", "long_press"],
            "value_template": "{% if value_json.event_type == 'button_pressed' %}"
            "{{ {'event_type': value_json.gesture ~ '_press', 'source': value_json.source} | tojson }}{% endif %}",
        },
        "setup": {
            "platform": "event",
            "name": "Setup",
            "icon": "mdi:wifi-cog",
            "state_topic": f"{device.topic}/event",
            "event_types": list(_SETUP_EVENTS),
            "value_template": f"{{% if value_json.event_type in [{names}] %}}{{{{ value }}}}{{% endif %}}",
        },
    }


def _sensor(name: str, template: str, **more: Any) -> Component:
    return {"platform": "sensor", "name": name, "value_template": template, **more}


def _binary_sensor(name: str, condition: str, **more: Any) -> Component:
    template = f"{{{{ 'ON' if {condition} else 'OFF' }}}}"
    return {"platform": "binary_sensor", "name": name, "value_template": template, **more}


def _sensors(device: Announced) -> dict[str, Component]:
    return _session_sensors(device) | _device_sensors(device) | {"last_command": _last_command(device)}


def _session_sensors(device: Announced) -> dict[str, Component]:
    """What goes on.  The seconds left are those of the last message: a page that shows them would seem to stand."""
    states = [state.value for state in SessionState]
    return {
        "active": _binary_sensor(
            "Wi-Fi setup", "value_json.state == 'active'", device_class="opening", icon="mdi:wifi-plus"
        ),
        "state": _sensor(
            "State", "{{ value_json.state }}", device_class="enum", options=states, icon="mdi:wifi-settings"
        ),
        "time_left": _sensor(
            "Time left",
            "{{ value_json.seconds_left or 0 }}",
            device_class="duration",
            unit_of_measurement="s",
            suggested_display_precision=0,
            enabled_by_default=False,
        ),
        "open_until": _sensor("Open until", "{{ value_json.ends_at }}", device_class="timestamp"),
        "last_result": _sensor(
            "Last result",
            "{{ value_json.last_result.result if value_json.last_result else None }}",
            device_class="enum",
            options=[state for state in states if state not in (SessionState.IDLE, SessionState.ACTIVE)],
            icon="mdi:history",
            **_attributes(device, "value_json.last_result or {}"),
        ),
    }


def _device_sensors(device: Announced) -> dict[str, Component]:
    down = "((value_json.access_points + value_json.stations) | selectattr('state', 'in', ['failed', 'lost']) | list)"
    stations = "value_json.access_points | map(attribute='stations')"

    def listed(name: str) -> str:
        return f"{down} | map(attribute='{name}') | list"

    return {
        "problem": _binary_sensor(
            "Problem",
            down,
            device_class="problem",
            entity_category="diagnostic",
            **_attributes(device, f"{{'interfaces': {listed('interface')}, 'reasons': {listed('reason')}}}"),
        ),
        "connected_devices": _sensor(
            "Connected devices",
            f"{{{{ {stations} | map('count') | sum }}}}",
            icon="mdi:devices",
            state_class="measurement",
            **_attributes(device, f"{{'devices': {stations} | sum(start=[])}}"),
        )
        if device.has_access_points
        else {"platform": "sensor"},
        "pin_requests": _sensor(
            "Devices that need a PIN",
            "{{ value_json.pin_requests | count }}",
            icon="mdi:form-textbox-password",
            **_attributes(device, "{'requests': value_json.pin_requests}"),
        ),
        "version": _sensor("Version", "{{ value_json.version }}", entity_category="diagnostic", icon="mdi:tag"),
    }


def _attributes(device: Announced, expression: str) -> dict[str, str]:
    """Attributes beside a value; expression: of a mapping."""
    return {
        "json_attributes_topic": f"{device.topic}/state",
        "json_attributes_template": f"{{{{ ({expression}) | tojson }}}}",
    }


def _last_command(device: Announced) -> Component:
    """Who presses a button or enters a PIN there has no other way to learn why nothing happens."""
    if not device.commands:
        return {"platform": "sensor"}
    topic = f"{device.topic}/response"
    return _sensor(
        "Last command",
        f"{{{{ 'done' if value_json.ok else value_json.error[:{_MAX_STATE}] }}}}",
        entity_category="diagnostic",
        icon="mdi:message-reply-text",
        state_topic=topic,
        json_attributes_topic=topic,
    )


def _button(device: Announced, command: str, name: str, icon: str, payload: str) -> Component:
    if command not in device.commands:
        return {"platform": "button"}
    topic = f"{device.topic}/cmd/{command}"
    return {"platform": "button", "name": name, "icon": icon, "command_topic": topic, "payload_press": payload}


def _commands(device: Announced) -> dict[str, Component]:
    join = _button(device, "pbc", "Join a network", "mdi:wifi-arrow-left-right", f'{{{_ASKER},"role":"station"}}')
    has_both = device.has_access_points and device.has_stations
    return {
        "start": _button(device, "pbc", "Start Wi-Fi setup", "mdi:wifi-plus", f"{{{_ASKER}}}"),
        "join": join if has_both else {"platform": "button"},
        "cancel": _button(device, "cancel", "Cancel Wi-Fi setup", "mdi:wifi-cancel", f"{{{_ASKER}}}"),
        "pin": _pin_entry(device),
    }


def _pin_entry(device: Announced) -> Component:
    """What is entered is not shown, and its state is empty, so that it is not kept either."""
    if "pin" not in device.commands:
        return {"platform": "text"}
    return {
        "platform": "text",
        "name": "PIN of a device",
        "icon": "mdi:form-textbox-password",
        "mode": "password",
        "min": 0,
        "max": 9,
        "pattern": _PIN_PATTERN,
        "command_topic": f"{device.topic}/cmd/pin",
        "command_template": f'{{{_ASKER},"pin":"{{{{ value }}}}"}}',
        "value_template": "{{ '' }}",
    }
