# SPDX-License-Identifier: BSD-3-Clause
"""Tables whose interface hostapd or wpa_supplicant has: what they may say, and the values they become.

Everything about such a network is said in the configuration of its owner; here stand only where it is asked, and which
button it answers to.  What else is said would count for nothing, and is refused.
"""

from collections.abc import Iterator

from wpsagent.config.model import AttachedSettings, Backend
from wpsagent.config.reading import Table

_OWNERS = {Backend.HOSTAPD, Backend.WPA_SUPPLICANT}
_COUNTING = {"interface", "backend", "control", "button_group"}


def _backend(table: Table) -> Backend:
    """That of a table; those that come from a hostapd.conf have none, and are ours."""
    return Backend(table.values.get("backend", Backend.NL80211))


def is_attached(table: Table) -> bool:
    """Whether the interface has another owner, whatever it is at."""
    return _backend(table) in _OWNERS


def owner_directory(table: Table) -> str | None:
    """Where an owner is looked for; None where it is ours in any case."""
    return table["control"] if _backend(table) is Backend.AUTO else None


def misplaced_keys(table: Table) -> Iterator[tuple[str, str]]:
    """(key, problem) of each key that does not count with the table's backend."""
    if not table.is_usable("backend"):
        return
    backend = _backend(table)
    if backend in _OWNERS:
        for name in sorted(table.given - _COUNTING):
            yield name, f'found with backend = "{backend}", expected in the configuration of {backend} only'


def attached(root: Table) -> tuple[AttachedSettings, ...]:
    """The values of all such tables, which have passed every check."""
    access_points = [
        AttachedSettings(table["interface"], _backend(table), table["control"], table["button_group"])
        for table in root.many("access_point")
        if is_attached(table)
    ]
    stations = [
        AttachedSettings(table["interface"], _backend(table), table["control"], is_first_station=index == 0)
        for index, table in enumerate(root.many("station"))
        if is_attached(table)
    ]
    return (*access_points, *stations)
