# SPDX-License-Identifier: BSD-3-Clause
"""The configuration: one TOML file → frozen dataclasses, or one ConfigError that names everything wrong with it."""

from wpsagent.config.example import describe
from wpsagent.config.loader import load, parse
from wpsagent.config.model import (
    AccessPointSettings,
    AgentSettings,
    BoardSettings,
    ButtonAction,
    ButtonSettings,
    Configuration,
    CredentialProcessing,
    DeviceSettings,
    EapolTransport,
    LedSettings,
    MqttSettings,
    PushButtonScan,
    Security,
    StationSettings,
    TlsSettings,
)

__all__ = [
    "AccessPointSettings",
    "AgentSettings",
    "BoardSettings",
    "ButtonAction",
    "ButtonSettings",
    "Configuration",
    "CredentialProcessing",
    "DeviceSettings",
    "EapolTransport",
    "LedSettings",
    "MqttSettings",
    "PushButtonScan",
    "Security",
    "StationSettings",
    "TlsSettings",
    "describe",
    "load",
    "parse",
]
