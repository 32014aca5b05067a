# SPDX-License-Identifier: BSD-3-Clause
"""The options of `wps-agent hostapd` and `wps-agent supplicant`: those of hostapd and wpa_supplicant, by their letters.

A script that starts one of them needs only another name.  What would show keys is refused with the reason; options that
have no meaning here but harm nobody are accepted, and their uselessness is logged.
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from wpsagent import __version__

Row = tuple[tuple[str, ...], Mapping[str, Any]]
"""Names and keywords of one argument, as argparse takes them."""


class _Refused(argparse.Action):
    """An option that is known and refused; const says why."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        parser.error(f"{option_string}: {self.const}")


class _OfInterface(argparse.Action):
    """An option of the interface that is being described; dest names it."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        described = list(namespace.described or [{}])
        described[-1] = {**described[-1], self.dest: values}
        namespace.described = described


class _NextInterface(argparse.Action):
    """-N: the options that follow describe another interface."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        namespace.described = [*(namespace.described or [{}]), {}]


def _row(*names: str, text: str, **keywords: Any) -> Row:
    return names, {"help": text, **keywords}


def _of_interface(name: str, dest: str, metavar: str, text: str) -> Row:
    return _row(name, text=text, action=_OfInterface, dest=dest, metavar=metavar, default=argparse.SUPPRESS)


_KEYS = "keys are never logged: they would stay in the log for everybody who reads it; leave the option out"

_COMMON: tuple[Row, ...] = (
    _row("-B", text="run in the background, from when the interfaces are up", action="store_true", dest="background"),
    _row("-P", text="write the process's number into this file", metavar="FILE", dest="pid_file"),
    _row("-g", text="also a control socket for all interfaces, here", metavar="PATH", dest="global_socket"),
    _row("-G", text="group (name or number) that may use the control sockets", metavar="GROUP", dest="group"),
    _row("-d", text="log more; -dd is the same", action="count", default=0, dest="debug"),
    _row("-f", text="log into this file", metavar="FILE", dest="log_file"),
    _row("-s", text="log to syslog", action="store_true", dest="syslog"),
    _row("-t", text="accepted: the log always says the time", action="store_true"),
    _row("-e", text="accepted, without effect: the kernel's entropy is used", metavar="FILE", dest="entropy_file"),
    _row("-K", text="refused: would log keys", action=_Refused, nargs=0, const=_KEYS),
    _row("-v", text="show the version", action="version", version=f"wps-agent {__version__}"),
)

HOSTAPD: tuple[Row, ...] = (
    _row("files", text="hostapd.conf; one for each radio", nargs="*", metavar="FILE"),
    *_COMMON,
    _row("-i", text="interfaces, with commas between, instead of those of the files", metavar="NAMES", dest="names"),
    _row(
        "-b",
        text="another file, whose interface is made on this phy",
        metavar="PHY:FILE",
        action="append",
        default=[],
        dest="on_phy",
    ),
    _row("-S", text="accepted: interfaces are started one after the other", action="store_true"),
)

SUPPLICANT: tuple[Row, ...] = (
    _of_interface("-i", "interface", "NAME", "the interface"),
    _of_interface("-c", "path", "FILE", "its wpa_supplicant.conf"),
    _of_interface("-D", "driver", "NAMES", "its driver: nl80211; names with commas between, of which one must be it"),
    _of_interface("-C", "control", "FOLDER", "ctrl_interface, if there is no -c"),
    _of_interface("-p", "driver_parameters", "TEXT", "accepted, without effect: parameters of the driver"),
    _of_interface("-b", "bridge", "NAME", "accepted, without effect: the bridge that the interface is in"),
    _row("-N", text="describe another interface from here on", action=_NextInterface, nargs=0, dest="described"),
    _row("-O", text="ctrl_interface of all interfaces, instead of what the files say", metavar="TEXT", dest="override"),
    *_COMMON,
    _row("-q", text="log less; -qq: errors only", action="count", default=0, dest="quiet"),
    _row("-u", text="accepted, without effect: there is no D-Bus interface", action="store_true", dest="dbus"),
)
