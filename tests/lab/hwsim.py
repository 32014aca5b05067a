# SPDX-License-Identifier: BSD-3-Clause
"""Simulated radios that are plugged in and pulled out (mac80211_hwsim's generic netlink commands)."""

import os
import socket
import struct

from wpsagent.io.nl80211.netlink import (
    ATTRIBUTE_HEADER,
    GENERIC_HEADER,
    HEADER,
    NLM_F_ACK,
    NLM_F_REQUEST,
    RawMessage,
    align,
    decode_acknowledgement,
    split_attributes,
    split_messages,
)

_NETLINK_GENERIC = 16
_CONTROLLER, _GET_FAMILY, _FAMILY_ID, _FAMILY_NAME = 16, 3, 1, 2  # linux/genetlink.h
# drivers/net/wireless/virtual/mac80211_hwsim.h
_NEW_RADIO, _DELETE_RADIO = 4, 5
_CHANNELS, _USE_CONTEXTS, _RADIO_NAME, _PERMANENT_ADDRESS = 9, 15, 17, 22


def plug_in(wiphy: str, address: bytes, *, contexts: int | None = None) -> None:
    """A new radio of this name and address (6 octets); its interface gets the first free name wlan…

    contexts: its driver has so many channel contexts; None: it has none, as those of the guest's start, and is on one
    channel at a time.  Radios with contexts scan by themselves.
    """
    attributes = [(_RADIO_NAME, wiphy.encode() + b"\0"), (_PERMANENT_ADDRESS, address)]
    if contexts is not None:
        attributes += [(_CHANNELS, struct.pack("=I", contexts)), (_USE_CONTEXTS, b"")]
    _request(_NEW_RADIO, *attributes)  # answers with its number


def pull_out(wiphy: str) -> None:
    """A radio is gone, and its interfaces with it."""
    error = _request(_DELETE_RADIO, (_RADIO_NAME, wiphy.encode() + b"\0"))
    assert error == 0, os.strerror(error)


def _request(command: int, *attributes: tuple[int, bytes]) -> int:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_GENERIC) as netlink:
        reply = _ask(netlink, _CONTROLLER, _GET_FAMILY, 0, (_FAMILY_NAME, b"MAC80211_HWSIM\0"))
        found = dict(split_attributes(reply.payload[GENERIC_HEADER.size :]))
        (family,) = struct.unpack("=H", found[_FAMILY_ID])
        done = decode_acknowledgement(_ask(netlink, family, command, NLM_F_ACK, *attributes))
        return done.error


def _ask(netlink: socket.socket, kind: int, command: int, flags: int, *attributes: tuple[int, bytes]) -> RawMessage:
    body = GENERIC_HEADER.pack(command, 1, 0)
    for number, value in attributes:
        attribute = ATTRIBUTE_HEADER.pack(ATTRIBUTE_HEADER.size + len(value), number) + value
        body += attribute.ljust(align(len(attribute)), b"\0")
    netlink.send(HEADER.pack(HEADER.size + len(body), kind, NLM_F_REQUEST | flags, 1, 0) + body)
    return split_messages(netlink.recv(65536))[0]
