# SPDX-License-Identifier: BSD-3-Clause
"""Keys of single devices: who may have which, and which one WPS gave."""

from wpsagent.octets import MacAddress
from wpsagent.wsc.device_psks import DevicePsk, DevicePsks

PHONE, PRINTER = MacAddress.parse("02:00:00:00:01:00"), MacAddress.parse("02:00:00:00:02:00")
NETWORK, OF_ALL, OF_PHONE, FROM_WPS = (bytes((number,)) * 32 for number in range(1, 5))


def test_a_station_may_have_its_own_keys_that_of_the_network_and_those_of_all() -> None:
    psks = DevicePsks((DevicePsk(None, OF_ALL), DevicePsk(PHONE, OF_PHONE)))
    assert psks.of_station(PHONE, NETWORK) == (OF_PHONE, NETWORK, OF_ALL)
    assert psks.of_station(PRINTER, NETWORK) == (NETWORK, OF_ALL)
    assert psks.of_station(PRINTER, None) == (OF_ALL,)
    assert DevicePsks().of_station(PHONE, None) == ()


def test_only_the_keys_that_wps_made_are_given_again() -> None:
    psks = DevicePsks((DevicePsk(PHONE, OF_PHONE), DevicePsk(PHONE, FROM_WPS, is_from_wps=True)))
    assert psks.given_to(PHONE) == FROM_WPS
    assert psks.given_to(PRINTER) is None


def test_a_new_key_of_wps_takes_the_place_of_the_one_before() -> None:
    psks = DevicePsks((DevicePsk(PHONE, OF_PHONE),))
    psks.add(PHONE, OF_ALL)
    psks.add(PHONE, FROM_WPS)
    psks.add(PRINTER, NETWORK)
    assert psks.of_station(PHONE, None) == (OF_PHONE, FROM_WPS)
    assert psks.given_to(PRINTER) == NETWORK


def test_a_file_that_is_read_again_replaces_them_all() -> None:
    psks = DevicePsks((DevicePsk(PHONE, OF_PHONE),))
    psks.replace((DevicePsk(PRINTER, NETWORK),))
    assert (psks.of_station(PHONE, None), psks.of_station(PRINTER, None)) == ((), (NETWORK,))


def test_no_key_is_shown() -> None:
    assert "psk" not in repr(DevicePsk(PHONE, OF_PHONE))
