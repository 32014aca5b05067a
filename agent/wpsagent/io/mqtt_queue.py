# SPDX-License-Identifier: BSD-3-Clause
"""What is to be sent to an MQTT broker, and when to try again: pure, without a socket or a clock.

Of what is retained the latest wins; what is not stands in a ring: when the broker is away for long, the oldest news
is worth least.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass

from wpsagent.ports import Entropy

IN_FLIGHT_LIMIT = 10
"""Messages sent and not yet acknowledged; fewer than paho's own limit of 20, so that its queue stays empty."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish: below <base>/<node>/ by its name, or elsewhere by its whole topic."""

    name: str
    payload: bytes
    is_retained: bool
    topic: str | None = None


class Outbox:
    """What has still to reach the broker: the latest of everything retained, and a ring of events and responses.

    `take` hands out what may be sent now; then `sent` notes it as in flight until `acknowledged` forgets it, or
    `put_back` returns what could not be sent.  `lost` puts what was in flight back to the front.  Beyond the limit
    the oldest message of the ring that is not in flight is dropped and counted.
    """

    def __init__(self, limit: int, in_flight_limit: int = IN_FLIGHT_LIMIT) -> None:
        self.dropped = 0
        self._limit = limit
        self._usual_in_flight_limit = self._in_flight_limit = in_flight_limit
        self._latest: dict[str, Message] = {}
        self._due: dict[str, None] = {}  # of the latest, in order
        self._events: deque[Message] = deque()
        self._in_flight: OrderedDict[int, Message] = OrderedDict()

    @property
    def is_empty(self) -> bool:
        """Nothing waits and nothing is in flight."""
        return not (self._due or self._events or self._in_flight)

    def limit_in_flight(self, limit: int) -> None:
        """A broker may take fewer at a time than is usual."""
        self._in_flight_limit = min(self._usual_in_flight_limit, limit)

    def put_state(self, payload: bytes) -> None:
        """The latest state; one that still waited is forgotten."""
        self.put_latest(Message("state", payload, is_retained=True))

    def put_latest(self, message: Message) -> None:
        """A retained message; another of that name that still waited is forgotten."""
        self._latest[message.name] = message
        self._due[message.name] = None

    def renew(self, name: str) -> None:
        """A retained message is to be sent again, if there was one."""
        if name in self._latest:
            self._due[name] = None

    def put_event(self, payload: bytes, name: str = "event") -> None:
        """Something that is told once."""
        self._events.append(Message(name, payload, is_retained=False))
        self._trim()

    def take(self) -> Message | None:
        """The next message to send, or None while there is none or enough is in flight."""
        if len(self._in_flight) >= self._in_flight_limit:
            return None
        if self._due:
            name = next(iter(self._due))
            del self._due[name]
            return self._latest[name]
        return self._events.popleft() if self._events else None

    def sent(self, message_id: int, message: Message) -> None:
        self._in_flight[message_id] = message

    def put_back(self, message: Message) -> None:
        """A message that was taken could not be sent."""
        if message.is_retained:
            self._due = {message.name: None, **self._due}
        else:
            self._events.appendleft(message)

    def acknowledged(self, message_id: int) -> Message | None:
        """The broker has a message, which is returned; ids that are not ours are ignored."""
        return self._in_flight.pop(message_id, None)

    def lost(self) -> None:
        """The connection is gone: all that is retained is due again, and events that nobody acknowledged."""
        self._due = dict.fromkeys(self._latest)
        unsent = [message for message in self._in_flight.values() if not message.is_retained]
        self._in_flight.clear()
        self._events.extendleft(reversed(unsent))
        self._trim()

    def _trim(self) -> None:
        while len(self._events) > self._limit:
            self._events.popleft()
            self.dropped += 1


class BackOff:
    """Delays before the next try: doubling from minimum to maximum, each between half and the whole of it."""

    def __init__(self, entropy: Entropy, minimum: float = 1.0, maximum: float = 60.0) -> None:
        self._entropy = entropy
        self._minimum = minimum
        self._maximum = maximum
        self._ceiling = minimum

    def next_delay(self) -> float:
        """Seconds to wait before the next try."""
        ceiling = self._ceiling
        self._ceiling = min(ceiling * 2, self._maximum)
        return ceiling * (0.5 + int.from_bytes(self._entropy(2)) / 0x20000)

    def reset(self) -> None:
        """A connection was good."""
        self._ceiling = self._minimum
