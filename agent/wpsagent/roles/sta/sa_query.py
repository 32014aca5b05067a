# SPDX-License-Identifier: BSD-3-Clause
"""Is the access point still ours?  A station's SA Query procedure (IEEE 802.11-2020, 11.13).

With protected management frames nobody can send a station away in clear: the radio drops such frames and tells of
them.  An access point that has restarted, however, has lost the keys and can say so in no other way ("class 2" or
"class 3 frame from a station that is not associated").  So it is asked, under protection, whether it has the keys:

    doubt       first request                                       asking
    asking      every 201 TU: another request
                an answer to any of them: the message was forged    content, deaf to doubts for 10 s
                1000 TU without an answer                           `is_lost`
"""

from wpsagent.dot11.frames import ReasonCode
from wpsagent.dot11.sa_query import MAXIMUM_TIMEOUT, RETRY_TIMEOUT, SaQuery, SaQueryAction
from wpsagent.ports import Entropy

CONTENT_FOR = 10.0
"""Seconds from the beginning of a procedure to the next: who forges often does not keep us busy."""

_REASONS = (ReasonCode.INVALID_CLASS2_FRAME, ReasonCode.INVALID_CLASS3_FRAME)


class SaQueryProcedure:
    """See the module; requests_to_send, deadline and handle_timer are those of every machine."""

    def __init__(self, entropy: Entropy) -> None:
        self.is_lost = False
        self.deadline: float | None = None
        self._entropy = entropy
        self._began_at = 0.0
        self._content_until: float | None = None
        self._transactions: list[bytes] = []
        self._requests: list[SaQuery] = []

    def doubt(self, reason_code: int, now: float) -> None:
        """Somebody said, unprotected, that the association is over."""
        is_content = self._content_until is not None and now < self._content_until
        if reason_code in _REASONS and not is_content:
            self._began_at, self._content_until = now, now + CONTENT_FOR
            self._transactions = []
            self._ask(now)

    def receive(self, query: SaQuery) -> None:
        """A protected frame of the access point."""
        if query.action is SaQueryAction.RESPONSE and query.transaction in self._transactions:
            self._transactions, self.deadline = [], None

    def requests_to_send(self) -> list[SaQuery]:
        """Drains the requests."""
        requests, self._requests = self._requests, []
        return requests

    def handle_timer(self, now: float) -> None:
        """Ask again, or give up."""
        if self.deadline is None or now < self.deadline:
            return
        if now >= self._began_at + MAXIMUM_TIMEOUT:
            self.is_lost, self.deadline = True, None
        else:
            self._ask(now)

    def _ask(self, now: float) -> None:
        transaction = self._entropy(2)
        self._transactions.append(transaction)
        self._requests.append(SaQuery(SaQueryAction.REQUEST, transaction))
        self.deadline = min(now + RETRY_TIMEOUT, self._began_at + MAXIMUM_TIMEOUT)
