# SPDX-License-Identifier: BSD-3-Clause
"""The codec of wpa_supplicant.conf: options, network blocks, and all the rest as it stands.

    file     = { line }
    line     = name=value | block | comment | empty
    block    = "network={" | other"={", then lines, then "}"
    comment  = # and what follows; after a value too, outside of quotation marks

A file that is read and written again is the same, octet by octet, but for what was changed: comments, unknown options
and unknown variables, and the blocks of others (cred, blob-base64-…) stay.  Of a changed network only the changed
lines are written anew.  Temporary networks are never written, nor is a new one with key_mgmt=WPS.

A wrong file raises one ConfigError that names each bad line by its number.  Unlike wpa_supplicant, which stops at
variables it does not know, this reader leaves them to whoever does.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Self

from wpsagent.errors import ConfigError, DecodeError, UsageError
from wpsagent.roles.sta.network import NO_ID, Network
from wpsagent.roles.sta.network_variables import (
    VARIABLES,
    check_name,
    check_value,
    decode_number,
    decode_variable,
    encode_variables,
    is_default,
    is_name,
    to_octets,
    to_text,
    without_comment,
)
from wpsagent.roles.sta.options import OPTIONS

_BLOCK = re.compile(r"([A-Za-z0-9_.-]+)=\{")
_NETWORK = "network"


# ---- the options we know


_CHECKED = frozenset(
    [
        "update_config",
        "auto_uuid",
        "uuid",
        "device_name",
        "manufacturer",
        "model_name",
        "model_number",
        "serial_number",
        "device_type",
        "os_version",
        "wps_cred_processing",
        "wps_cred_add_sae",
        "wps_priority",
    ]
)


def _check_option(name: str, raw: str) -> None:
    """Raises DecodeError when the option cannot have that value; what we do not know may have any."""
    check_name(name)
    check_value(raw)
    if name in _CHECKED:
        OPTIONS[name].decode(raw)


# ---- the parts of a file


def _sayable(name: str, raw: str) -> str:
    """name=value, if that is what a reader will find in it; raises DecodeError otherwise."""
    check_name(name)
    check_value(raw)
    said = f"{name}={raw}"
    if without_comment(said) != said:
        raise DecodeError("a # outside of quotation marks, or a space at the end, would be lost")
    return said


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end: name and value where it says something, no name where it is only kept."""

    text: str = field(repr=False)
    name: str | None = None
    raw: str = field(default="", repr=False)

    @classmethod
    def saying(cls, name: str, raw: str) -> Self:
        """A variable's line, as wpa_supplicant sets it; raises DecodeError if it would be read as something else."""
        return cls(f"\t{_sayable(name, raw)}", name, raw)


@dataclass(frozen=True, slots=True)
class NetworkBlock:
    """A network and the lines it was read from, the first and the last ("network={" and "}") among them."""

    network: Network
    lines: tuple[Line, ...]

    @classmethod
    def new(cls, network: Network) -> Self:
        """Raises DecodeError when a value of the network cannot be written."""
        said = (Line.saying(name, raw) for name, raw in encode_variables(network))
        return cls(network, (Line("network={"), *said, Line("}")))

    def with_network(self, network: Network) -> Self:
        """The block with what has changed; raises DecodeError when a new value cannot be written."""
        if network == self.network:
            return self
        first, *body, last = self.lines
        changed = dict(_changes(self.network, network))
        others = list(network.other)
        kept = list(_rewritten(body, changed, self.network.other, others))
        added = [(name, raw) for name, raw in changed.items() if raw is not None] + others
        return replace(self, network=network, lines=(first, *kept, *(Line.saying(*pair) for pair in added), last))


def _changes(old: Network, new: Network) -> Iterator[tuple[str, str | None]]:
    """(name, value) of the known variables that changed; no value for what is at its default now."""
    for variable in VARIABLES.values():
        raw = variable.encode(new)
        if raw != variable.encode(old):
            yield variable.name, None if is_default(variable, new) else raw


def _rewritten(
    body: Iterable[Line],
    changed: dict[str, str | None],
    old_others: tuple[tuple[str, str], ...],
    others: list[tuple[str, str]],
) -> Iterator[Line]:
    """The lines of a block after a change.  Takes from changed and others what it has written."""
    written: set[str] = set()
    for line in body:
        if line.name is None:
            yield line
        elif line.name in written:
            pass
        elif line.name in changed:
            raw = changed.pop(line.name)
            written.add(line.name)
            if raw is not None:
                yield Line.saying(line.name, raw)
        elif (line.name, line.raw) in others:
            others.remove((line.name, line.raw))
            yield line
        elif (line.name, line.raw) not in old_others:
            yield line


@dataclass(frozen=True, slots=True)
class SupplicantFile:
    """A file: its lines and network blocks in order."""

    parts: tuple[Line | NetworkBlock, ...] = ()

    @classmethod
    def decode(cls, octets: bytes, source: str = "wpa_supplicant.conf") -> Self:
        """Raises ConfigError with every problem; networks get their ids in the order of the file, from 0."""
        return cls(_Parser(source).parse(octets))

    def encode(self) -> bytes:
        lines: list[Line] = []
        for part in self.parts:
            lines += part.lines if isinstance(part, NetworkBlock) else (part,)
        return b"".join(to_octets(line.text) + b"\n" for line in lines)

    @property
    def networks(self) -> tuple[Network, ...]:
        return tuple(part.network for part in self.parts if isinstance(part, NetworkBlock))

    # ---- options

    def numbered_options(self) -> Iterator[tuple[int, Line]]:
        """The global options as they stand, with the numbers of their lines."""
        number = 1
        for part in self.parts:
            if isinstance(part, NetworkBlock):
                number += len(part.lines)
                continue
            if part.name is not None:
                yield number, part
            number += 1

    def option(self, name: str) -> str | None:
        """The value of a global option as it stands (the last one if there are several), None if there is none."""
        values = [part.raw for part in self.parts if isinstance(part, Line) and part.name == name]
        return values[-1] if values else None

    def number(self, name: str, default: int = 0) -> int:
        """The value of a global option that is a number."""
        raw = self.option(name)
        return default if raw is None else decode_number(raw)

    @property
    def may_be_written(self) -> bool:
        """update_config: whether the owner of the file lets programs write it."""
        return self.number("update_config") != 0

    def with_option(self, name: str, raw: str | None) -> Self:
        """With an option set, in its old place if it had one, else after the last option; None removes it.

        Raises UsageError when it cannot have that value.
        """
        if raw is not None:
            try:
                _check_option(name, raw)
                _sayable(name, raw)
            except DecodeError as error:
                raise UsageError(f"{_shown(name)}: {error}") from None
        mine = [index for index, part in enumerate(self.parts) if isinstance(part, Line) and part.name == name]
        parts: list[Line | NetworkBlock] = list(self.parts)
        if raw is not None:
            line = Line(f"{name}={raw}", name, raw)
            if mine:
                parts[mine.pop()] = line
            else:
                parts.insert(self._end_of_options(), line)
        for index in reversed(mine):
            del parts[index]
        return replace(self, parts=tuple(parts))

    def _end_of_options(self) -> int:
        """Where a new option goes: after the last one, else before the first network."""
        end: int | None = None
        for index, part in enumerate(self.parts):
            if isinstance(part, Line) and part.name is not None:
                end = index + 1
            elif isinstance(part, NetworkBlock) and end is None:
                end = index
        return len(self.parts) if end is None else end

    # ---- networks

    def with_networks(self, networks: Iterable[Network]) -> Self:
        """With these networks and no others; known ones keep their block, new ones follow the last block.

        Raises UsageError when a value cannot be written.
        """
        wanted = {network.id: network for network in networks if not network.is_temporary}
        parts: list[Line | NetworkBlock] = []
        end: int | None = None
        for part in self.parts:
            if not isinstance(part, NetworkBlock):
                parts.append(part)
                continue
            network = wanted.pop(part.network.id, None)
            if network is not None:
                parts.append(_writable(network, part.with_network))
            elif parts and _is_blank(parts[-1]):
                parts.pop()
            end = len(parts)
        new = [network for network in wanted.values() if not network.is_for_wps]
        return replace(self, parts=_with_blocks(parts, len(parts) if end is None else end, new))

    def with_ids_of(self, other: Self) -> Self | None:
        """With the ids that the same networks have in another reading of the file; None if they are not the same."""
        if [replace(network, id=NO_ID) for network in self.networks] != [
            replace(network, id=NO_ID) for network in other.networks
        ]:
            return None
        ids = iter(network.id for network in other.networks)
        return replace(
            self,
            parts=tuple(
                replace(part, network=replace(part.network, id=next(ids))) if isinstance(part, NetworkBlock) else part
                for part in self.parts
            ),
        )


def _writable(network: Network, block: Callable[[Network], NetworkBlock]) -> NetworkBlock:
    try:
        return block(network)
    except DecodeError as error:
        raise UsageError(f"network {network.id} cannot be written: {error}") from None


def _is_blank(part: Line | NetworkBlock) -> bool:
    return isinstance(part, Line) and not part.text.strip()


def _with_blocks(
    parts: list[Line | NetworkBlock], at: int, networks: Iterable[Network]
) -> tuple[Line | NetworkBlock, ...]:
    """With blocks of new networks from an index on, each set off by an empty line."""
    added: list[Line | NetworkBlock] = []
    for network in networks:
        before = (parts[:at] + added)[-1:]
        if before and not _is_blank(before[0]):
            added.append(Line(""))
        added.append(_writable(network, NetworkBlock.new))
    return (*parts[:at], *added, *parts[at:])


# ---- reading


class _Parser:
    """One pass over the lines, which collects every problem."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._problems: list[str] = []
        self._parts: list[Line | NetworkBlock] = []
        self._networks = 0

    def parse(self, octets: bytes) -> tuple[Line | NetworkBlock, ...]:
        texts = to_text(octets).split("\n")
        if not texts[-1]:
            texts.pop()
        lines = iter(enumerate(texts, 1))
        for number, text in lines:
            self._read_global(number, text, lines)
        if self._problems:
            raise ConfigError([f"{self._source}: {problem}" for problem in self._problems])
        return tuple(self._parts)

    def _problem(self, number: int, problem: object) -> None:
        self._problems.append(f"line {number}: {problem}")

    def _read_global(self, number: int, text: str, lines: Iterator[tuple[int, str]]) -> None:
        said = without_comment(text)
        block = _BLOCK.fullmatch(said)
        if block is None:
            self._parts.append(self._read_option(number, text, said))
        elif block[1] == _NETWORK:
            self._read_network(number, text, lines)
        else:
            self._parts.append(Line(text))
            self._parts += (Line(body) for _, body in self._body(number, lines))

    def _read_option(self, number: int, text: str, said: str) -> Line:
        if not said:
            return Line(text)
        name, equals, raw = said.partition("=")
        if not equals:
            self._problem(number, "expected name=value, or a block such as network={")
            return Line(text)
        try:
            _check_option(name, raw)
        except DecodeError as error:
            self._problem(number, f"{_shown(name)}: {error}")
        return Line(text, name, raw)

    def _body(self, start: int, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """The lines of a block up to and with its end."""
        for number, text in lines:
            yield number, text
            if without_comment(text) == "}":
                return
        self._problem(start, "the block that begins here has no end: a line with } is missing")

    def _read_network(self, start: int, text: str, lines: Iterator[tuple[int, str]]) -> None:
        network = Network(id=self._networks)
        self._networks += 1
        kept = [Line(text)]
        for number, body in self._body(start, lines):
            said = without_comment(body)
            if not said or said == "}":
                kept.append(Line(body))
                continue
            name, equals, raw = said.partition("=")
            kept.append(Line(body, name, raw))
            try:
                network = _with_variable(network, name, equals, raw)
            except DecodeError as error:
                self._problem(number, f"{_shown(name)}: {error}" if equals else error)
        self._parts.append(NetworkBlock(network, tuple(kept)))


def _with_variable(network: Network, name: str, equals: str, raw: str) -> Network:
    if not equals:
        raise DecodeError("expected name=value or }")
    if raw == "{":
        raise DecodeError("a block within a block; is a line with } missing before it?")
    return decode_variable(network, name, raw)


def _shown(name: str) -> str:
    """A name in an error: what is none may be anything, a key among it."""
    return name if is_name(name) else "this line"
