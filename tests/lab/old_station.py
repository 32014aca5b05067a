# SPDX-License-Identifier: BSD-3-Clause
"""A station that Debian's wpa_supplicant cannot play: of WPS 1.0, or one that says nothing of WPS when it associates.

The kernel associates (NL80211_CMD_CONNECT, without RSN, with whatever elements are asked for); EAPOL goes through a
packet socket to our own enrollee.
"""

import asyncio
from contextlib import suppress

from wpsagent.eap.machine import Role
from wpsagent.eap.peer import EapPeer, State
from wpsagent.io import link
from wpsagent.io.nl80211.codec import Message
from wpsagent.io.nl80211.transport import Transport
from wpsagent.io.packet_socket import EapolSocket
from wpsagent.octets import MacAddress, Ssid
from wpsagent.wsc.credential import Credential
from wpsagent.wsc.enrollee import Enrollee
from wpsagent.wsc.events import CredentialsReceived

_CMD_CONNECT, _CMD_DISCONNECT = 46, 48  # linux/nl80211.h

ANSWER_TIMEOUT = 10.0


class OldStation:
    """One association and one run on an interface; conversation lists the EAPOL PDUs, ours as (True, octets)."""

    def __init__(self, interface: str) -> None:
        self.interface = interface
        self.address = link.address(interface)
        self.conversation: list[tuple[bool, bytes]] = []

    async def enrol(
        self, ssid: Ssid, access_point: MacAddress, frequency_mhz: int, elements: bytes, enrollee: Enrollee
    ) -> Credential:
        """Associate with these elements, and run; raises TimeoutError where no credential comes."""
        link.set_up(self.interface)
        netlink = await Transport.open()
        received: asyncio.Queue[bytes] = asyncio.Queue()
        eapol = EapolSocket(self.interface, lambda _source, pdu: received.put_nowait(pdu))
        try:
            await self._associate(netlink, ssid, access_point, frequency_mhz, elements)
            async with asyncio.timeout(ANSWER_TIMEOUT):
                return await self._run(eapol, received, access_point, enrollee)
        finally:
            eapol.close()
            netlink.close()

    async def _associate(
        self, netlink: Transport, ssid: Ssid, access_point: MacAddress, frequency_mhz: int, elements: bytes
    ) -> None:
        ended: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        def hear(event: Message) -> None:
            if event.command in (_CMD_CONNECT, _CMD_DISCONNECT) and not ended.done():
                ended.set_result(event)

        netlink.set_handlers(hear, lambda: None)
        netlink.subscribe("mlme")
        await netlink.request(
            _CMD_CONNECT,
            {
                "IFINDEX": link.index_of(self.interface),
                "SSID": bytes(ssid),
                "MAC": bytes(access_point),
                "WIPHY_FREQ": frequency_mhz,
                "AUTH_TYPE": 0,
                "PRIVACY": True,  # that the network is protected is no obstacle
                "IE": elements,
            },
        )
        async with asyncio.timeout(ANSWER_TIMEOUT):
            event = await ended
        assert event.command == _CMD_CONNECT, "the access point refused the association"

    async def _run(
        self, eapol: EapolSocket, received: asyncio.Queue[bytes], access_point: MacAddress, enrollee: Enrollee
    ) -> Credential:
        """The registration protocol up to the end of EAP."""
        loop = asyncio.get_running_loop()
        peer = EapPeer(Role.ENROLLEE, enrollee, is_wps2=False)
        peer.start(loop.time())
        credential: Credential | None = None
        while True:
            for pdu in peer.messages_to_send():
                self.conversation.append((True, pdu))
                eapol.send(access_point, pdu)
            while (event := enrollee.next_event()) is not None:
                if isinstance(event, CredentialsReceived):
                    credential = event.credentials[0]
            if credential is not None and peer.state is State.ENDED:
                return credential
            with suppress(TimeoutError):
                async with asyncio.timeout_at(peer.deadline):
                    pdu = await received.get()
                    self.conversation.append((False, pdu))
                    peer.receive(pdu, loop.time())
            peer.handle_timer(loop.time())
