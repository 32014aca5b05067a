# SPDX-License-Identifier: BSD-3-Clause
"""Interfaces whose radio hostapd or wpa_supplicant has, driven by their control sockets as if it were ours.

owned         the door of the machines, and what is common to both
access_point  hostapd's events → the agent's events; the agent's wishes → hostapd's commands (no I/O)
station       the same for wpa_supplicant (no I/O)
session       one session of a button group whose members each have one of their own (no I/O)
interface     one interface: attached, lost, attached again
attachments   all of them: what the daemon asks
choice        backend = "auto": who has the radio, and why
watch         the same: who comes for it later
"""
