# SPDX-License-Identifier: BSD-3-Clause
"""The way to an access point's radio: which of the two kinds it is, the radio's capabilities say."""

from wpsagent.capabilities import RadioCapabilities
from wpsagent.io.nl80211.bring_up import Plan
from wpsagent.io.nl80211.firmware_radio import Nl80211FirmwareRadio
from wpsagent.io.nl80211.interface import open_radio
from wpsagent.io.nl80211.radio import Nl80211Radio
from wpsagent.octets import MacAddress


async def open_access_point_radio(
    interface: str,
    *,
    create_on: str | None = None,
    address: MacAddress | None = None,
    bridge: str | None = None,
    on_packet_eapol: bool = False,
) -> Nl80211Radio:
    """Bring an interface up as a radio that can beacon.

    create_on: make the interface on this radio ("phy0", or the name of another interface of it); it is removed on
    close.  address: its hardware address.  bridge: a bridge it becomes a port of.  on_packet_eapol: EAPOL over
    AF_PACKET although the driver has a control port.  Raises RadioError, NetlinkError.
    """
    plan = Plan(interface, create_on=create_on, address=address, bridge=bridge)
    return await open_radio(_kind, plan, on_packet_eapol=on_packet_eapol)


def _kind(capabilities: RadioCapabilities) -> type[Nl80211Radio]:
    return Nl80211FirmwareRadio if capabilities.has_ap_sme else Nl80211Radio
