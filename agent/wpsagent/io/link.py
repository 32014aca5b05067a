# SPDX-License-Identifier: BSD-3-Clause
"""Network interfaces by ioctl: up and down, hardware address, bridge membership; by rtnetlink: dormant or not.

Sources: netdevice(7), linux/if.h, linux/sockios.h.  struct ifreq: 16 octets of name, then a union of 24 octets.
rtnetlink(7), the kernel's operstates.rst, RFC 2863.  RTM_SETLINK: struct ifinfomsg (16 octets), IFLA_OPERSTATE (u8),
IFLA_LINKMODE (u8).
Every refusal is a RadioError that names the interface and says what can be done.
"""

import errno
import fcntl
import os
import socket
import struct
from pathlib import Path

from wpsagent.errors import RadioError
from wpsagent.octets import MacAddress

_SIOCGIFFLAGS = 0x8913
_SIOCGIFADDR = 0x8915
_SIOCSIFFLAGS = 0x8914
_SIOCSIFHWADDR = 0x8924
_SIOCGIFHWADDR = 0x8927
_SIOCBRADDIF = 0x89A2
_SIOCBRDELIF = 0x89A3

_IFF_UP = 0x1
_ARPHRD_ETHER = 1
_NAME_SIZE = 16  # IFNAMSIZ, the final zero among them
_IFREQ_SIZE = 40

_NETLINK_ROUTE = 0
_RTM_SETLINK = 19
_REQUEST_AND_ACK = 0x01 | 0x04
_NLMSGHDR = struct.Struct("=IHHII")
_IFINFOMSG = struct.Struct("=BBHiII")
_ATTRIBUTE_U8 = struct.Struct("=HHB3x")
_IFLA_OPERSTATE, _IFLA_LINKMODE = 16, 17
_IF_OPER_DORMANT, _IF_OPER_UP = 5, 6
_IF_LINK_MODE_DEFAULT, _IF_LINK_MODE_DORMANT = 0, 1
_ANSWER_SIZE = 4096

_SYS_CLASS_NET = Path("/sys/class/net")

_ADVICE = {
    errno.ENODEV: "there is no such interface",
    errno.EPERM: "not permitted (run as root or with CAP_NET_ADMIN)",
    errno.EACCES: "not permitted (run as root or with CAP_NET_ADMIN)",
    errno.ERFKILL: "the radio is blocked (see 'rfkill list'; 'rfkill unblock wifi' lifts a soft block)",
    errno.EBUSY: "it is in use",
    errno.ELOOP: "the bridge refuses it: it would make a loop",
    errno.EOPNOTSUPP: "it does not support this (a wireless station cannot be in a bridge)",
}


def ipv4_address(name: str) -> str | None:
    """The first IPv4 address of an interface; None where it has none, or there is no such interface."""
    request = struct.pack(f"{_IFREQ_SIZE}s", name.encode()[: _NAME_SIZE - 1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            reply = fcntl.ioctl(sock, _SIOCGIFADDR, request)
        except OSError:
            return None
    # struct sockaddr_in: family, port, address
    return socket.inet_ntoa(reply[_NAME_SIZE + 4 : _NAME_SIZE + 8])


def exists(name: str) -> bool:
    """True if there is an interface of this name."""
    try:
        socket.if_nametoindex(name)
    except OSError:
        return False
    return True


def index_of(name: str) -> int:
    """The interface's index.  Raises RadioError."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        raise RadioError(f"there is no interface {name}") from None


def is_up(name: str) -> bool:
    """True if the interface is set up (IFF_UP).  Raises RadioError."""
    return bool(_flags(name) & _IFF_UP)


def set_up(name: str) -> None:
    """Set the interface up.  Raises RadioError, with advice when the radio is blocked by rfkill."""
    _set_flags(name, _flags(name) | _IFF_UP, "set up")


def set_down(name: str) -> None:
    """Set the interface down.  Raises RadioError."""
    _set_flags(name, _flags(name) & ~_IFF_UP, "set down")


def address(name: str) -> MacAddress:
    """The hardware address.  Raises RadioError."""
    answer = _interface_ioctl(_SIOCGIFHWADDR, name, b"", "read the address of")
    return MacAddress(answer[18:24])


def set_address(name: str, new: MacAddress) -> None:
    """Set the hardware address; most drivers want the interface down.  Raises RadioError."""
    _interface_ioctl(_SIOCSIFHWADDR, name, struct.pack("=H6s", _ARPHRD_ETHER, new), f"set the address {new} of")


def bridge_of(name: str) -> str | None:
    """The bridge the interface is a port of, or None."""
    try:
        return (_SYS_CLASS_NET / name / "brport" / "bridge").readlink().name
    except OSError:
        return None


def add_to_bridge(bridge: str, name: str) -> None:
    """Make the interface a port of the bridge; one that is a port of it already is left so.  Raises RadioError."""
    if bridge_of(name) == bridge:
        return
    if not (_SYS_CLASS_NET / bridge / "bridge").is_dir():
        raise RadioError(f"{bridge} is not a bridge (create it with 'ip link add {bridge} type bridge')")
    _bridge_ioctl(_SIOCBRADDIF, bridge, name, "add")


def remove_from_bridge(bridge: str, name: str) -> None:
    """Take the interface out of the bridge; one that is not a port of it is no error.  Raises RadioError."""
    if bridge_of(name) == bridge:
        _bridge_ioctl(_SIOCBRDELIF, bridge, name, "remove")


def hold_back(name: str) -> None:
    """From now on the interface is dormant when it gets a carrier, until `let_through`.  Raises RadioError."""
    _set_link(name, _IF_OPER_DORMANT, _IF_LINK_MODE_DORMANT)


def let_through(name: str) -> None:
    """The interface is no longer dormant, until it loses its carrier.  Raises RadioError."""
    _set_link(name, _IF_OPER_UP, _IF_LINK_MODE_DORMANT)


def end_holding_back(name: str) -> None:
    """A carrier is enough for the interface to be operational.  Raises RadioError."""
    _set_link(name, _IF_OPER_UP, _IF_LINK_MODE_DEFAULT)


def _set_link(name: str, operational_state: int, mode: int) -> None:
    body = (
        _IFINFOMSG.pack(socket.AF_UNSPEC, 0, 0, index_of(name), 0, 0)
        + _ATTRIBUTE_U8.pack(5, _IFLA_OPERSTATE, operational_state)
        + _ATTRIBUTE_U8.pack(5, _IFLA_LINKMODE, mode)
    )
    header = _NLMSGHDR.pack(_NLMSGHDR.size + len(body), _RTM_SETLINK, _REQUEST_AND_ACK, 1, 0)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE) as sock:
            sock.sendto(header + body, (0, 0))
            (code,) = struct.unpack_from("=i", sock.recv(_ANSWER_SIZE), _NLMSGHDR.size)
    except OSError as error:
        raise RadioError(f"cannot set the state of {name}: {error.strerror}") from error
    if code:
        raise RadioError(f"cannot set the state of {name}: {_ADVICE.get(-code, os.strerror(-code))}")


def _bridge_ioctl(request: int, bridge: str, name: str, verb: str) -> None:
    value = struct.pack("=i", index_of(name))
    _interface_ioctl(request, bridge, value, f"{verb} {name} as a port of")


def _flags(name: str) -> int:
    answer = _interface_ioctl(_SIOCGIFFLAGS, name, b"", "read the state of")
    (flags,) = struct.unpack_from("=H", answer, _NAME_SIZE)
    return int(flags)


def _set_flags(name: str, flags: int, what: str) -> None:
    _interface_ioctl(_SIOCSIFFLAGS, name, struct.pack("=H", flags), what)


def _interface_ioctl(request: int, name: str, value: bytes, what: str) -> bytes:
    """One ioctl on struct ifreq; the structure as the kernel left it."""
    octets = os.fsencode(name)
    if not 0 < len(octets) < _NAME_SIZE:
        raise RadioError(f"{name!r} is no interface name: 1 to {_NAME_SIZE - 1} octets expected")
    ifreq = octets.ljust(_NAME_SIZE, b"\0") + value
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            return fcntl.ioctl(sock, request, ifreq.ljust(_IFREQ_SIZE, b"\0"))
        except OSError as error:
            reason = _ADVICE.get(error.errno or 0, error.strerror)
            raise RadioError(f"cannot {what} {name}: {reason}") from error
