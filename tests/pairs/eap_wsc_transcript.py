# SPDX-License-Identifier: BSD-3-Clause
"""EAPOL PDUs in one line each: what a transcript shows without the keys."""

from wpsagent.eap.eapol import EapolPacket, EapolType
from wpsagent.eap.packet import WSC, EapCode, EapPacket
from wpsagent.eap.wsc_method import WscPacket
from wpsagent.wsc.enumerations import OpCode


def pdu_summary(pdu: bytes) -> str:
    """Code, identifier, and what EAP-WSC says."""
    packet = EapolPacket.decode(pdu)
    if packet.type != EapolType.EAP_PACKET:
        return f"EAPOL {EapolType(packet.type).name}"
    eap = EapPacket.decode(packet.body)
    line = f"{EapCode(eap.code).name} {eap.identifier}"
    if eap.method == WSC:
        wsc = WscPacket.decode(eap.data)
        line += f" {OpCode(wsc.op_code).name} {len(wsc.data)}" + " more" * wsc.has_more
        line += f" of {wsc.message_length}" if wsc.message_length else ""
    return line
