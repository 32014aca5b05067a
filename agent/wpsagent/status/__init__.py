# SPDX-License-Identifier: BSD-3-Clause
"""What happened, for LED, MQTT and events."""
