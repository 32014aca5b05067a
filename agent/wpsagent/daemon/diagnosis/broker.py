# SPDX-License-Identifier: BSD-3-Clause
"""Checks the MQTT broker: connects to it as the agent would, and says goodbye."""

import time
from collections.abc import AsyncIterator

from wpsagent.config.model import MqttSettings
from wpsagent.daemon.diagnosis.findings import Finding, ok, problem, skipped, warning
from wpsagent.daemon.diagnosis.survey import Survey

CHECK = "broker"
_OLDEST_PLAUSIBLE_TIME = 1735689600.0  # 2025-01-01: a clock before that has not been set

# words of io.mqtt_words and io.mqtt_tls → what to do; the first that fits
_REMEDIES = (
    ("not trusted: it has expired", "renew the broker's certificate; if it is good, set the clock (see to NTP)"),
    ("not trusted: it is not valid yet", "set the clock (see to NTP)"),
    (
        "not trusted: it is not for",
        "set mqtt.host to a name in the broker's certificate, or have one made for this name",
    ),
    (
        "certificate of ours",
        "name a certificate from the broker's authority in mqtt.tls.certificate_file, and its key in key_file",
    ),
    (
        "refuses our certificate",
        "have a certificate made by the broker's authority: mqtt.tls.certificate_file, key_file",
    ),
    ("speaks neither", "correct mqtt.port, or use a broker of MQTT 5 or 3.1.1"),
    ("client identifier", "choose another mqtt.node or mqtt.base_topic: letters and digits are taken everywhere"),
    ("took its place", "give each board an mqtt.node of its own"),
    ("refused the connection", "start the broker there (mosquitto, for example), or correct mqtt.host and mqtt.port"),
    ("cannot be resolved", "correct mqtt.host, or see to the name server: the broker's IP address works without one"),
    ("keeps no retained", "let the broker keep retained messages (mosquitto: retain_available true), or use another"),
    ("quality of service", "set mqtt.qos to what the broker does"),
    ("broker refused us", "correct mqtt.username and mqtt.password_file, or let the broker admit this user"),
    ("is not trusted", "name the certificate of the broker's authority in mqtt.tls.ca_file, and check mqtt.host"),
    ("file of the TLS settings", "correct the files that [mqtt.tls] names"),
    ("no TLS with", "use the broker's TLS port (mostly 8883), or leave out [mqtt.tls] where it has none"),
    (
        "did not answer within",
        "correct mqtt.port (1883 is usual, 8883 with TLS), and see whether a firewall is between",
    ),
    ("broker was lost", "see the broker's log; its port may want TLS ([mqtt.tls]), or another program has our name"),
)
_DEFAULT_REMEDY = "see whether the host is on and reachable (ping), and whether a firewall is between"


async def check_broker(survey: Survey) -> AsyncIterator[Finding]:
    """Whether it takes us; and whether the running agent is connected, which may be another matter."""
    configuration = survey.configuration
    if configuration is None:
        yield skipped(CHECK, "there is no usable configuration that names one")
        return
    if configuration.mqtt is None:
        yield skipped(CHECK, "the configuration names none (no [mqtt])")
        return
    if (clock := _clock(survey, configuration.mqtt)) is not None:
        yield clock
    yield await _connect(survey, configuration.mqtt)


def _clock(survey: Survey, settings: MqttSettings) -> Finding | None:
    """A board without a battery believes in 1970 until it has asked: no certificate is valid then."""
    now = survey.ports.wall_time()
    if settings.tls is None or settings.tls.insecure or now >= _OLDEST_PLAUSIBLE_TIME:
        return None
    date = time.strftime("%Y-%m-%d", time.gmtime(now))
    return warning(
        CHECK, f"the clock says {date}: the broker's certificate will not be valid", "set the clock (see to NTP)"
    )


async def _connect(survey: Survey, settings: MqttSettings) -> Finding:
    place = f"{settings.host}:{settings.port}"
    try:
        reason = await survey.ports.probe(settings)
    except ImportError as error:
        return problem(CHECK, f"{error.name} is not installed", "install paho-mqtt (python3-paho-mqtt)")
    if reason is not None:
        remedy = next((remedy for words, remedy in _REMEDIES if words in reason), _DEFAULT_REMEDY)
        return problem(CHECK, reason, remedy)
    mqtt = survey.agent.get("mqtt") if survey.agent is not None else None
    if mqtt and not mqtt.get("connected"):
        text = f"{place} takes us, but the running agent is not connected: {mqtt.get('error') or 'it says not why'}"
        return warning(CHECK, text, "wait for its next try; else restart it, its configuration may be older")
    if mqtt and mqtt.get("error"):
        if "octets" in mqtt["error"]:
            advice = "let the broker take larger packets (mosquitto: max_packet_size)"
            return warning(CHECK, f"{place} takes us, but {mqtt['error']}", advice)
        topics = f"{settings.base_topic}/{settings.node}/#"
        advice = f"let its access rules allow this user to publish, and to hear commands, on {topics}"
        return warning(CHECK, f"{place} takes us, but {mqtt['error']}", advice)
    user = f" as {settings.username}" if settings.username else ""
    security = " with TLS" if settings.tls is not None else ""
    return ok(CHECK, f"{place} takes us{user}{security}")
