# SPDX-License-Identifier: BSD-3-Clause
"""From a TOML document to tables of converted values, by the table of keys.

Every key that is wrong, unknown or missing becomes one problem: its path, what was found, what is expected.  A wrong
key keeps its default and is remembered as bad, so that later checks say nothing about a value nobody could read.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wpsagent.config.converters import UnexpectedError
from wpsagent.config.table import REQUIRED, SECTIONS, Key, Section

_KINDS = ((bool, "boolean"), (int, "number"), (float, "number"), (str, "text"), (list, "list"), (dict, "table"))


@dataclass(slots=True)
class Table:
    """One table of the file: converted values by key, and the tables within it by name."""

    path: str
    values: dict[str, Any] = field(default_factory=dict, repr=False)
    given: set[str] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)
    children: dict[str, list["Table"]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def where(self, name: str) -> str:
        """The path of a key of this table."""
        return f"{self.path}.{name}" if self.path else name

    def is_usable(self, *names: str) -> bool:
        """None of these keys was refused."""
        return self.bad.isdisjoint(names)

    def one(self, name: str) -> "Table | None":
        """The table of that name within this one."""
        return next(iter(self.children.get(name, [])), None)

    def many(self, name: str) -> list["Table"]:
        return self.children.get(name, [])


class Reading:
    """Reads one document; problems and holds_secrets are filled on the way."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.holds_secrets = False

    def document(self, document: Mapping[str, Any]) -> Table:
        """The whole file as the table without a name."""
        root = Section("", "", ())
        return self._table(root, document, "")

    def _table(self, section: Section, found: Mapping[str, Any], path: str) -> Table:
        result = Table(path)
        inner = {child.name.rpartition(".")[2]: child for child in _children(section)}
        for key in section.keys:
            self._key(key, found, result)
        for name, child in inner.items():
            result.children[name] = list(self._tables(child, found, result.where(name), name))
        known = [key.name for key in section.keys] + list(inner)
        self.problems += [_unknown(result.where(name), name, known) for name in found if name not in known]
        return result

    def _key(self, key: Key, found: Mapping[str, Any], into: Table) -> None:
        into.values[key.name] = None if key.default is REQUIRED else key.default
        where = into.where(key.name)
        if key.name not in found:
            if key.default is REQUIRED:
                self._refuse(into, key, f"{where}: missing, expected {_expectation(key)}")
            return
        into.given.add(key.name)
        self.holds_secrets |= key.is_secret
        try:
            into.values[key.name] = key.convert(found[key.name])
        except UnexpectedError as error:
            self._refuse(into, key, f"{where}: found {describe_value(found[key.name], key)}, expected {error.expected}")

    def _refuse(self, into: Table, key: Key, problem: str) -> None:
        into.bad.add(key.name)
        self.problems.append(problem)

    def _tables(self, section: Section, found: Mapping[str, Any], path: str, name: str) -> Iterator[Table]:
        """The tables of one section; a section that is no array and lies at the top exists even when it is absent."""
        value = found.get(name)
        if section.is_array and value is not None:
            if isinstance(value, list) and all(isinstance(item, dict) for item in value):
                yield from (self._table(section, item, f"{path}[{index}]") for index, item in enumerate(value))
            else:
                self.problems.append(f"{path}: found {describe_value(value)}, expected tables headed [[{path}]]")
        elif isinstance(value, dict):
            yield self._table(section, value, path)
        elif value is not None:
            self.problems.append(f"{path}: found {describe_value(value)}, expected a table headed [{section.name}]")


def _children(section: Section) -> Iterable[Section]:
    return (child for child in SECTIONS if child.name.rpartition(".")[0] == section.name)


def _expectation(key: Key) -> str:
    """What a required key takes, in the words of its own refusal; no key takes None."""
    try:
        return str(key.convert(None))
    except UnexpectedError as error:
        return error.expected


def _unknown(where: str, name: str, known: list[str]) -> str:
    import difflib  # for a mistake only

    close = difflib.get_close_matches(name, known, 1)
    if close:
        return f"{where}: unknown, did you mean {close[0]}?"
    return f"{where}: unknown, expected one of {', '.join(known)}"


def describe_value(value: Any, key: Key | None = None) -> str:
    """A TOML value for a message: short, and without a secret."""
    kind = next((name for kind, name in _KINDS if isinstance(value, kind)), "date")
    if isinstance(value, bool):
        return "true" if value else "false"
    if key is not None and key.is_secret:
        return f"a {kind} of {len(value)} characters" if isinstance(value, str) else f"a {kind}"
    if isinstance(value, str):
        shown = value if len(value) <= 40 else value[:40] + "…"
        return f'"{shown}"' if shown.isprintable() else repr(shown)
    return str(value) if isinstance(value, int | float) else f"a {kind}"
