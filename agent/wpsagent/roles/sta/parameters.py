# SPDX-License-Identifier: BSD-3-Clause
"""How a station runs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from wpsagent.rsn.rsne import FrameProtection
from wpsagent.wsc.device import DeviceDescription

if TYPE_CHECKING:
    from wpsagent.roles.sta.bss_table import Bss


class CredentialProcessing(IntEnum):
    """What becomes of a Credential, numbered as wpa_supplicant's wps_cred_processing."""

    INTERNAL = 0
    EXTERNAL = 1
    BOTH = 2


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Other stations of this device: what they have heard, and whether they listen at this moment."""

    heard: "Callable[[], Iterable[Bss]]" = tuple
    is_listening: Callable[[], bool] = bool


@dataclass(frozen=True, slots=True)
class StationParameters:
    """uuid: 16 octets.  wps_priority: of the networks that WPS brings.  add_sae: they may use WPA3-Personal too.

    is_push_button_fast: a push-button run takes the first access point it hears, and sees an overlap only where it
    happened to listen.  fresh: seconds for which an access point that was heard counts as there.  max_age: seconds for
    which one that is not heard stays in the table.  frame_protection: of networks that do not say (pmf).
    """

    interface: str
    device: DeviceDescription
    uuid: bytes
    credential_processing: CredentialProcessing = CredentialProcessing.INTERNAL
    wps_priority: int = 0
    add_sae: bool = False
    is_push_button_fast: bool = False
    fragment_size: int = 1400
    vendor_extensions: tuple[bytes, ...] = ()
    fresh: float = 10.0
    max_age: float = 180.0
    frame_protection: FrameProtection = FrameProtection.OPTIONAL
