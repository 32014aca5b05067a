# SPDX-License-Identifier: BSD-3-Clause
"""wps-agent: Wi-Fi Protected Setup for small boards, with a button, an LED and MQTT."""

__version__ = "0.1.0"
