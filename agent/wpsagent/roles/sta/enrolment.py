# SPDX-License-Identifier: BSD-3-Clause
"""One WPS association: the registration protocol with one access point, up to its end.

Implements the station's side of Wi-Fi Simple Configuration 2.0, sections 7.1, 7.7 and 8.2.5: open system, no RSN
element, the WPS element in the association request, EAP-WSC over EAPOL (eap.peer), then away.

However the run ends, EAP-Failure ends the conversation, and the access point sends the station away about 10 ms
later.  It is given a moment for that: who leaves first may meet the access point's late deauthentication in the next
association.  Where EAP-Failure does not come, the peer's own timers end it (2 s after the last message, 30 s before).
"""

from collections.abc import Callable

from wpsagent.dot11.frames import Capability, ReasonCode
from wpsagent.eap.events import EapEnded, EndReason
from wpsagent.eap.machine import Role
from wpsagent.eap.peer import EapPeer
from wpsagent.eap.peer import State as PeerState
from wpsagent.eap.wsc_method import DEFAULT_FRAGMENT_SIZE
from wpsagent.ports import CommandFailed, Connect, Disconnected, FrameReceived, SendEapol, UnprotectedFarewell
from wpsagent.roles.sta.association import Association, End
from wpsagent.roles.sta.bss_table import Bss
from wpsagent.wsc.elements import AssociationRequestAttributes, wrap
from wpsagent.wsc.enrollee import Enrollee
from wpsagent.wsc.enumerations import RequestType
from wpsagent.wsc.events import M2dReceived, RunFailed, RunSucceeded
from wpsagent.wsc.registrar import Registrar

GOODBYE_TIME = 0.05
"""Seconds the access point has after EAP-Failure to send us away by itself."""

SESSION_TIMEOUT = 70.0
IMPATIENT_TIMEOUT = 10.0
"""Seconds for one access point; the shorter where it is one of several that do not say they wait for us."""

_REQUEST_TYPES = {Role.ENROLLEE: RequestType.ENROLLEE_OPEN_8021X, Role.REGISTRAR: RequestType.REGISTRAR}


class Enrolment(Association):
    """One run with one access point.  new_machine gives its WSC machine, and another if the AP begins anew.

    What came of it, to be read when it has ended: success; failure, if a message said why; m2d, the last one;
    is_heard: the access point said something.
    """

    def __init__(
        self,
        bss: Bss,
        role: Role,
        new_machine: Callable[[], Enrollee | Registrar],
        *,
        time_limit: float = SESSION_TIMEOUT,
        fragment_size: int = DEFAULT_FRAGMENT_SIZE,
    ) -> None:
        attributes = AssociationRequestAttributes(request_type=_REQUEST_TYPES[role])
        is_protected = bool(bss.capability & Capability.PRIVACY)
        super().__init__(bss, Connect(bss.bssid, bss.ssid, bss.frequency_mhz, wrap(attributes.encode()), is_protected))
        self.success: RunSucceeded | None = None
        self.failure: RunFailed | None = None
        self.m2d: M2dReceived | None = None
        self.is_heard = False
        self.detail = ""
        self._new_machine = new_machine
        self._machine = new_machine()
        self._time_limit = time_limit
        self._ends_at: float | None = None  # the time limit, and after EAP-Failure the access point's goodbye
        self._peer = EapPeer(
            role, self._machine, is_wps2=_is_wps2(bss), fragment_size=fragment_size, new_machine=self._begin_anew
        )

    @property
    def is_over(self) -> bool:
        """True when nothing can change the outcome any more."""
        return self.success is not None or self.failure is not None

    def _begin_anew(self) -> Enrollee | Registrar:
        self._drain_machine()
        self._machine = self._new_machine()
        return self._machine

    @property
    def _session_deadline(self) -> float | None:
        times = (self._peer.deadline, self._ends_at)
        return min((time for time in times if time is not None), default=None)

    def _open_session(self, now: float) -> None:
        self._ends_at = now + self._time_limit
        self._peer.start(now)

    def _receive_pdu(self, pdu: bytes, now: float) -> None:
        self.is_heard = True
        self._peer.receive(pdu, now)
        self._pump(now)

    def _receive_management(self, event: UnprotectedFarewell | FrameReceived, now: float) -> None:
        """Nothing is protected here."""

    def _handle_session_timer(self, now: float) -> None:
        self._peer.handle_timer(now)
        self._pump(now)
        if self._ends_at is not None and now >= self._ends_at:
            self.leave(ReasonCode.LEAVING_NETWORK_DEAUTH, now)

    def _close_session(self, now: float) -> None:
        """A run that is cut off here fails without a word: nobody refused anything."""
        self._drain_machine()
        self._peer.cancel(now)
        while self._machine.next_event() is not None:
            pass

    def _session_command_failed(self, event: CommandFailed, now: float) -> None:
        """A PDU that could not be sent is lost, and asked for again."""

    def _end_of_loss(self, event: Disconnected) -> End:
        return End.LEFT if self.is_over or self._peer.state is PeerState.ENDED else End.LOST

    def _pump(self, now: float) -> None:
        for pdu in self._peer.messages_to_send():
            self._outbox.append(SendEapol(self.bssid, pdu))
        self._drain_machine()
        while (event := self._peer.next_event()) is not None:
            self._events.append(event)
            if isinstance(event, EapEnded):
                self._eap_ended(event, now)

    def _drain_machine(self) -> None:
        while (event := self._machine.next_event()) is not None:
            match event:
                case RunFailed(message_type=None):
                    self.detail = event.reason
                    continue  # cut off, or foreign octets: no verdict of anybody
                case RunFailed():
                    self.failure = event
                case RunSucceeded():
                    self.success = event
                case M2dReceived():
                    self.m2d = event
                case _:
                    pass
            self._events.append(event)

    def _eap_ended(self, event: EapEnded, now: float) -> None:
        self.detail = self.detail or event.reason.value
        if event.reason in (EndReason.COMPLETED, EndReason.FAILURE_RECEIVED):
            self._ends_at = now + GOODBYE_TIME
        else:
            self.leave(ReasonCode.LEAVING_NETWORK_DEAUTH, now)


def _is_wps2(bss: Bss) -> bool:
    """True where the access point says that it is of WPS 2.0."""
    return bss.wps is not None and bss.wps.wfa.is_version2
