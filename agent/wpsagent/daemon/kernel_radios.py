# SPDX-License-Identifier: BSD-3-Clause
"""The kernel's radios, opened as the configuration says.

nl80211 is imported when the first radio is opened: the simulated board does without netlink.
"""

from contextlib import suppress

from wpsagent.config.model import AccessPointSettings, EapolTransport, HandOver, StationSettings
from wpsagent.ports import AccessPointRadio, StationRadio


async def open_kernel_radio(settings: AccessPointSettings) -> AccessPointRadio:
    """The radio of a network, by nl80211; raises RadioError, NetlinkError."""
    from wpsagent.io.nl80211.access_point import open_access_point_radio

    return await open_access_point_radio(
        settings.interface,
        create_on=settings.create_on,
        bridge=settings.bridge,
        on_packet_eapol=settings.eapol is EapolTransport.PACKET,
    )


async def open_kernel_station_radio(settings: StationSettings) -> StationRadio:
    """The radio of a station, by nl80211; raises RadioError, NetlinkError."""
    from wpsagent.io.nl80211.station import open_station_radio

    return await open_station_radio(
        settings.interface,
        create_on=settings.create_on,
        on_packet_eapol=settings.eapol is EapolTransport.PACKET,
        is_lent=await _is_lent(settings),
    )


async def _is_lent(settings: StationSettings) -> bool:
    """Whether iwd has the interface: it keeps what the keeper has taken from it, and stays out of networks."""
    if settings.hand_over not in (HandOver.AUTO, HandOver.IWD):
        return False
    from wpsagent.io.hand_over.iwd import Iwd  # where nothing is handed over there is no D-Bus
    from wpsagent.io.hand_over.manager import HandOverError

    with suppress(HandOverError):
        return await Iwd().holds(settings.interface)
    return False
