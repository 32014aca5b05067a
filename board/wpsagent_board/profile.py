# SPDX-License-Identifier: BSD-3-Clause
"""Board profiles: which button and LED a board has, how they are wired, and how the board is recognised.

One file a board, profiles/<name>.toml, data only:

    title      what people call the board
    rank       of the profiles that fit, that of the highest rank is taken
    like       another profile, from which everything is taken that this one does not say
    wiring     list of sentences: what goes where, and why
    picture    the same as text in a fixed-width font
    notes      list of sentences: what else one should know
    [detect]   when it fits; every line that is there must hold, and without any it is chosen by name only
      models          list of patterns (*, ?) of which one is the device tree's model
      button          true: the kernel has an input device with KEY_WPS_BUTTON
      button_uevents  true: the kernel tells buttons by uevents (OpenWrt)
      openwrt         true: the system is OpenWrt
    [[button]], [[led]]   tables as a configuration of the agent has them, which reads and checks them

Read by importlib.resources, so that a packed or a compiled package will do.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any, Final

from wpsagent_board.detect import BoardTraits
from wpsagent_board.errors import BoardError

AUTO: Final = "auto"


class ProfileError(BoardError, ValueError):
    """A wrong profile.  problems: one line each, beginning with the file's name and the key's path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Detection:
    """When a profile fits a board: all that is said holds.  models: patterns of which one is the device tree's."""

    models: tuple[str, ...] = ()
    button: bool = False
    button_uevents: bool = False
    openwrt: bool = False

    @property
    def is_empty(self) -> bool:
        return self == Detection()

    def verdict(self, traits: BoardTraits) -> tuple[bool, str]:
        """(whether it fits, why or why not in words)."""
        verdicts = list(self._verdicts(traits))
        against = [text for fits, text in verdicts if not fits]
        if against or self.is_empty:
            return False, "; ".join(against) or "chosen by name only"
        return True, "; ".join(text for _, text in verdicts)

    def _verdicts(self, traits: BoardTraits) -> Iterable[tuple[bool, str]]:
        if self.models:
            yield _model_verdict(self.models, traits.model)
        if self.button:
            yield (
                bool(traits.buttons),
                f"KEY_WPS_BUTTON at {', '.join(traits.buttons)}" if traits.buttons else "no input has KEY_WPS_BUTTON",
            )
        if self.openwrt:
            yield traits.is_openwrt, "OpenWrt" if traits.is_openwrt else "the system is not OpenWrt"
        if self.button_uevents:
            has = traits.has_button_uevents
            yield has, "gpio-button-hotplug is there" if has else "no gpio-button-hotplug in the kernel"


def _model_verdict(patterns: Sequence[str], model: str | None) -> tuple[bool, str]:
    if model is None:
        return False, "no device tree names a model"
    is_one = any(fnmatchcase(model, pattern) for pattern in patterns)
    return is_one, f'the device tree says "{model}"'


@dataclass(frozen=True, slots=True)
class Profile:
    """One board.  buttons, leds: tables as a configuration has them."""

    name: str
    title: str
    rank: int = 0
    detection: Detection = field(default_factory=Detection)
    wiring: tuple[str, ...] = ()
    picture: str = ""
    notes: tuple[str, ...] = ()
    buttons: tuple[Mapping[str, Any], ...] = ()
    leds: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """How well a profile fits a board."""

    profile: Profile
    fits: bool
    reason: str


@cache
def profiles() -> Mapping[str, Profile]:
    """The profiles of this package by name, the highest rank first; raises ProfileError."""
    folder = resources.files("wpsagent_board") / "profiles"
    texts = {
        entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    }
    return read_profiles(texts)


def profile(name: str) -> Profile:
    """The profile of a name; raises BoardError that says which there are."""
    known = profiles()
    if name in known:
        return known[name]
    import difflib  # for a mistake only

    close = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(known)}"
    raise BoardError(f"no board profile is called {name}; {hint}")


def matches(traits: BoardTraits) -> list[Match]:
    """What each profile says of a board, in the order of rank."""
    return [Match(each, *each.detection.verdict(traits)) for each in profiles().values()]


def detected(traits: BoardTraits) -> Match | None:
    """The profile of a board, or None when no one fits."""
    return next((match for match in matches(traits) if match.fits), None)


# ---- from TOML


def read_profiles(texts: Mapping[str, str]) -> dict[str, Profile]:
    """Profiles from TOML texts by name, the highest rank first; raises ProfileError with everything wrong in them."""
    problems: list[str] = []
    documents = {name: _document(name, text, problems) for name, text in texts.items()}
    whole = {name: _completed(name, documents, problems) for name in documents}
    found = [_profile(name, document, problems) for name, document in whole.items()]
    if problems:
        raise ProfileError(problems)
    return {each.name: each for each in sorted(found, key=lambda each: (-each.rank, each.name))}


def _document(name: str, text: str, problems: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{name}.toml: not TOML: {error}")
        return {"title": name}


def _completed(name: str, documents: Mapping[str, Mapping[str, Any]], problems: list[str]) -> dict[str, Any]:
    """A profile with what it takes from another, which stands by itself."""
    document = dict(documents[name])
    other = document.pop("like", None)
    if other is None:
        return document
    if not isinstance(other, str) or other not in documents or "like" in documents[other]:
        problems.append(f"{name}.toml: like: found {other!r}, expected the name of a profile without `like`")
        return document
    return {**documents[other], **document}


def _profile(name: str, document: Mapping[str, Any], problems: list[str]) -> Profile:
    reader = _Reader(f"{name}.toml", document, problems)
    detect = _Reader(f"{name}.toml: detect", reader.table("detect"), problems)
    result = Profile(
        name=name,
        title=reader.text("title"),
        rank=reader.number("rank"),
        detection=Detection(
            detect.texts("models"),
            detect.flag("button"),
            detect.flag("button_uevents"),
            detect.flag("openwrt"),
        ),
        wiring=reader.texts("wiring"),
        picture=reader.text("picture", ""),
        notes=reader.texts("notes"),
        buttons=reader.tables("button"),
        leds=reader.tables("led"),
    )
    detect.refuse_others()
    reader.refuse_others()
    return result


class _Reader:
    """The keys of one table; what is wrong becomes a problem, and a value that stands in for it."""

    def __init__(self, path: str, found: Mapping[str, Any], problems: list[str]) -> None:
        self.found = found
        self._path = path
        self._problems = problems
        self._known: set[str] = set()

    def _take(self, key: str, fits: bool, default: Any, expected: str) -> Any:
        self._known.add(key)
        if fits:
            return self.found[key]
        if key in self.found or default is None:
            self._problems.append(f"{self._path}: {key}: {self._found(key)}, expected {expected}")
        return default

    def _found(self, key: str) -> str:
        return f"found {self.found[key]!r}" if key in self.found else "missing"

    def text(self, key: str, default: str | None = None) -> str:
        value = self.found.get(key)
        return str(self._take(key, isinstance(value, str) and bool(value), default, "a text") or "")

    def number(self, key: str) -> int:
        value = self.found.get(key)
        return int(self._take(key, type(value) is int, 0, "a whole number"))

    def flag(self, key: str) -> bool:
        return bool(self._take(key, self.found.get(key) is True, False, "true, or nothing"))

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.found.get(key)
        fits = isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
        return tuple(self._take(key, fits, (), "a list of texts"))

    def table(self, key: str) -> Mapping[str, Any]:
        return dict(self._take(key, isinstance(self.found.get(key), dict), {}, f"a table headed [{key}]"))

    def tables(self, key: str) -> tuple[Mapping[str, Any], ...]:
        value = self.found.get(key)
        fits = isinstance(value, list) and all(isinstance(item, dict) for item in value)
        return tuple(self._take(key, fits, (), f"tables headed [[{key}]]"))

    def refuse_others(self) -> None:
        for key in sorted(self.found.keys() - self._known):
            self._problems.append(f"{self._path}: {key}: unknown, expected one of {', '.join(sorted(self._known))}")
