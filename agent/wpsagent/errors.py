# SPDX-License-Identifier: BSD-3-Clause
"""The tree of errors.

Everything the agent raises on purpose is an `AgentError`; any other exception is a bug.  Octets from outside give a
value or `DecodeError`, nothing else.  The text of an error is read by a person: it says what happened, where, and,
if it is not obvious, what to do next.
"""


class AgentError(Exception):
    """The root: whatever the agent raises on purpose."""


class DecodeError(AgentError, ValueError):
    """Octets that are not what they should be."""


class ProtocolError(AgentError):
    """A peer broke the protocol, or the run cannot go on.

    configuration_error is the code the peer is told in WSC_NACK (Wi-Fi Simple Configuration 2.0, table 34).
    """

    def __init__(self, message: str, configuration_error: int = 0) -> None:
        super().__init__(message)
        self.configuration_error = configuration_error


class UsageError(AgentError):
    """Our own caller asked for something that cannot be: a fault of a command, not of a peer."""


class OverlapError(UsageError):
    """More than one enrollee is in push-button mode: the button must be refused."""


class NetlinkError(AgentError, OSError):
    """The kernel refused a request: errno, and the kernel's own text where it gave one."""


class RadioError(AgentError):
    """A radio cannot do what was asked: no AP mode, gone, blocked, busy."""


class ConfigError(AgentError):
    """A wrong configuration: one line a bad key, each with the key's path and what was expected."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
