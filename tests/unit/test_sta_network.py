# SPDX-License-Identifier: BSD-3-Clause
"""Networks: what a Credential makes, which access points match, what is a duplicate, the list."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from wpsagent.errors import UsageError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.roles.sta.network import Match, Network, NetworkList, ProtectionPolicy
from wpsagent.rsn.rsne import (
    WPA2_PSK_CCMP,
    AkmSuite,
    CipherSuite,
    FrameProtection,
    RsnCapability,
    Rsne,
    WpaElement,
)
from wpsagent.wsc.credential import Credential
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

OPEN, WPA, WPA2 = AuthenticationType.OPEN, AuthenticationType.WPA_PERSONAL, AuthenticationType.WPA2_PERSONAL
NONE, TKIP, AES = EncryptionType.NONE, EncryptionType.TKIP, EncryptionType.AES
BSSID, OTHER_BSSID = MacAddress.parse("02:00:00:00:01:00"), MacAddress.parse("02:00:00:00:02:00")
HOME = Ssid(b"home")
KEY = b"correct horse"
BOTH = frozenset({"CCMP", "TKIP"})


@dataclass(frozen=True)
class HeardBss:
    bssid: MacAddress = BSSID
    ssid: Ssid = HOME
    capability: int = 0x0011
    rsne: Rsne | None = WPA2_PSK_CCMP
    wpa: WpaElement | None = None


def credential(
    authentication_type: AuthenticationType = WPA2,
    encryption_type: EncryptionType = AES,
    key: bytes = KEY,
    ssid: Ssid = HOME,
) -> Credential:
    return Credential(ssid, authentication_type, encryption_type, key, BSSID)


def network(**fields: Any) -> Network:
    return replace(Network.from_credential(credential()), **fields)


# ---- from a Credential


def test_a_wpa2_credential_becomes_a_wpa2_network() -> None:
    assert Network.from_credential(credential(), priority=7) == Network(
        ssid=HOME,
        key_management=frozenset({"WPA-PSK"}),
        protocols=frozenset({"RSN"}),
        pairwise_ciphers=frozenset({"CCMP"}),
        authentication_algorithms=frozenset({"OPEN"}),
        passphrase=KEY,
        priority=7,
    )


@pytest.mark.parametrize(
    ("authentication_type", "protocols"),
    [(WPA, {"WPA", "RSN"}), (WPA2, {"RSN"}), (WPA | WPA2, {"RSN"})],
)
def test_who_says_wpa_may_use_rsn_too(authentication_type: AuthenticationType, protocols: set[str]) -> None:
    assert Network.from_credential(credential(authentication_type)).protocols == protocols


@pytest.mark.parametrize(
    ("encryption_type", "ciphers"),
    [(AES, {"CCMP"}), (TKIP, {"CCMP", "TKIP"}), (AES | TKIP, {"CCMP", "TKIP"}), (NONE, {"CCMP", "TKIP"})],
)
def test_tkip_is_never_asked_for_alone(encryption_type: EncryptionType, ciphers: set[str]) -> None:
    learnt = Network.from_credential(credential(encryption_type=encryption_type))
    assert learnt.pairwise_ciphers == ciphers
    assert learnt.group_ciphers == BOTH


def test_an_open_credential_becomes_an_enabled_open_network() -> None:
    learnt = Network.from_credential(credential(OPEN, NONE, b""), add_sae=True)
    assert learnt == Network(
        ssid=HOME, key_management=frozenset({"NONE"}), authentication_algorithms=frozenset({"OPEN"})
    )
    assert not learnt.is_disabled


def test_64_digits_are_the_psk_itself() -> None:
    learnt = Network.from_credential(credential(key=b"0123456789abcdefABCDEF" + b"0" * 42), add_sae=True)
    assert learnt.psk == bytes.fromhex("0123456789abcdefabcdef" + "0" * 42)
    assert learnt.passphrase is None
    assert learnt.pmk() == learnt.psk
    assert learnt.key_management == {"WPA-PSK"}, "SAE cannot be had with a PSK"


def test_sae_is_added_on_request_with_protected_frames_and_any_authentication() -> None:
    learnt = Network.from_credential(credential(), add_sae=True)
    assert learnt.key_management == {"WPA-PSK", "SAE"}
    assert learnt.protected_frames == 1
    assert learnt.authentication_algorithms == frozenset()
    assert Network.from_credential(credential(WPA), add_sae=True).key_management == {"WPA-PSK"}


def test_what_the_access_point_offers_is_allowed_though_it_told_less() -> None:
    weak = network(protocols=frozenset({"WPA"}), pairwise_ciphers=frozenset({"TKIP"}))
    stronger = weak.with_offer_of(HeardBss())
    assert stronger.protocols == {"WPA", "RSN"}
    assert stronger.pairwise_ciphers == BOTH
    for bss in (
        HeardBss(rsne=None),
        HeardBss(rsne=Rsne(akm_suites=(AkmSuite.SAE,))),
        HeardBss(rsne=replace(WPA2_PSK_CCMP, pairwise_ciphers=(CipherSuite.TKIP,))),
    ):
        assert weak.with_offer_of(bss) == weak
    assert Network.from_credential(credential(), bss=HeardBss()) == network()


# ---- keys


def test_the_pmk_is_that_of_annex_j_4() -> None:
    ieee = network(ssid=Ssid(b"IEEE"), passphrase=b"password")
    assert ieee.pmk().hex() == "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"


def test_a_passphrase_in_utf_8_has_a_pmk_as_access_points_have_it() -> None:
    # The same as wpa_passphrase prints for it.
    umlaut = network(ssid=Ssid(b"IEEE"), passphrase="pässwörd".encode())
    assert umlaut.pmk().hex() == "ddd06baab7a372c25791a7d7e0a0090db4f68269726b159c10b0597778cf9c69"


def test_no_key_no_pmk() -> None:
    with pytest.raises(UsageError, match=r"network 3 \(home\) has no passphrase"):
        network(id=3, passphrase=None).pmk()


def test_no_secret_is_in_the_repr() -> None:
    shown = repr(network(psk=b"\xaa" * 32, other=(("password", '"hunter2hunter2"'),)))
    assert "horse" not in shown
    assert "hunter2" not in shown
    assert "\\xaa" not in shown


# ---- matching


def test_a_wpa2_network_matches_its_access_point() -> None:
    assert network().match(HeardBss()) == Match(WPA2_PSK_CCMP)


def test_a_mixed_access_point_is_joined_with_wpa2_and_its_tkip_group() -> None:
    mixed = HeardBss(
        rsne=replace(
            WPA2_PSK_CCMP, group_cipher=CipherSuite.TKIP, pairwise_ciphers=(CipherSuite.TKIP, CipherSuite.CCMP_128)
        ),
        wpa=WpaElement(),
    )
    assert network().match(mixed) == Match(replace(WPA2_PSK_CCMP, group_cipher=CipherSuite.TKIP))
    assert network(group_ciphers=frozenset({"CCMP"})).match(mixed) is None


@pytest.mark.parametrize(
    "bss",
    [
        HeardBss(ssid=Ssid(b"homer")),
        HeardBss(bssid=OTHER_BSSID),
        HeardBss(rsne=None),
        HeardBss(rsne=None, wpa=WpaElement()),
        HeardBss(rsne=Rsne()),
        HeardBss(rsne=replace(WPA2_PSK_CCMP, pairwise_ciphers=(CipherSuite.TKIP,))),
        HeardBss(rsne=None, capability=0x0001),
    ],
)
def test_another_access_point_is_no_match(bss: HeardBss) -> None:
    assert network(bssid=BSSID).match(HeardBss()) is not None
    assert network(bssid=BSSID).match(bss) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"protocols": frozenset({"WPA"})},
        {"key_management": frozenset({"SAE"})},
        {"key_management": frozenset({"WPA-EAP"})},
        {"passphrase": None},
        {"pairwise_ciphers": frozenset({"TKIP"})},
        {"pairwise_ciphers": frozenset({"GCMP"})},
        {"protected_frames": 2},
        {"mode": 2},
    ],
)
def test_a_network_that_does_not_allow_wpa2_psk_with_ccmp_is_no_match(fields: dict[str, Any]) -> None:
    assert network(**fields).match(HeardBss()) is None


CAPABLE = replace(WPA2_PSK_CCMP, capabilities=RsnCapability.MANAGEMENT_FRAME_PROTECTION_CAPABLE)


@pytest.mark.parametrize(
    ("own", "default", "is_protected"),
    [(None, 0, False), (None, 1, True), (None, 2, True), (0, 2, False), (1, 0, True), (2, 0, True)],
)
def test_frames_are_protected_as_the_network_says_or_else_the_default(
    own: int | None, default: int, is_protected: bool
) -> None:
    match = network(protected_frames=own).match(HeardBss(rsne=CAPABLE), ProtectionPolicy(FrameProtection(default)))
    assert match is not None
    assert match.rsne is not None
    assert match.rsne.protects_frames is is_protected


def test_required_protection_of_frames_needs_an_access_point_and_a_radio_that_can() -> None:
    incapable = ProtectionPolicy(is_possible=False)
    assert network(protected_frames=2).match(HeardBss()) is None
    assert network(protected_frames=2).match(HeardBss(rsne=CAPABLE), incapable) is None
    assert (
        network().match(HeardBss(rsne=CAPABLE), ProtectionPolicy(FrameProtection.REQUIRED, is_possible=False)) is None
    )
    assert network(protected_frames=1).match(HeardBss(rsne=CAPABLE), incapable) == Match(WPA2_PSK_CCMP)


@pytest.mark.parametrize(
    ("key_management", "chosen"),
    [
        ("WPA-PSK", AkmSuite.PSK_SHA256),
        ("WPA-PSK-SHA256", AkmSuite.PSK_SHA256),
        ("SAE", None),
    ],
)
def test_wpa_psk_may_take_the_akm_of_sha256(key_management: str, chosen: AkmSuite | None) -> None:
    offer = HeardBss(rsne=replace(CAPABLE, akm_suites=(AkmSuite.PSK, AkmSuite.PSK_SHA256)))
    match = network(key_management=frozenset({key_management})).match(offer)
    assert (match and match.rsne and match.rsne.akm_suites) == (chosen and (chosen,))


def test_an_open_network_matches_only_what_is_open() -> None:
    free = Network.from_credential(credential(OPEN, NONE, b""))
    assert free.match(HeardBss(rsne=None, capability=0x0001)) == Match(None)
    for bss in (HeardBss(), HeardBss(rsne=None), HeardBss(rsne=None, capability=1, wpa=WpaElement())):
        assert free.match(bss) is None


def test_wep_is_not_open() -> None:
    wep = Network(ssid=HOME, key_management=frozenset({"NONE"}), other=(("wep_key0", '"abcde"'),))
    assert wep.match(HeardBss(rsne=None, capability=0x0001)) is None
    assert replace(wep, other=(("bgscan", '""'),)).match(HeardBss(rsne=None, capability=0x0001)) == Match(None)


def test_a_network_without_a_name_matches_nobody() -> None:
    nameless = Network(key_management=frozenset({"NONE"}))
    assert nameless.match(HeardBss(ssid=Ssid(b""), rsne=None, capability=0x0001)) is None


# ---- duplicates


@pytest.mark.parametrize(
    ("fields", "is_duplicate"),
    [
        ({}, True),
        ({"passphrase": b"another key"}, True),
        ({"passphrase": None, "psk": bytes(32)}, True),
        ({"priority": 5, "is_disabled": True, "id_str": "x", "scan_ssid": True}, True),
        ({"ssid": Ssid(b"other")}, False),
        ({"bssid": BSSID}, False),
        ({"authentication_algorithms": frozenset()}, False),
        ({"key_management": frozenset({"WPA-PSK", "SAE"})}, False),
        ({"protocols": frozenset({"WPA", "RSN"})}, False),
        ({"pairwise_ciphers": BOTH}, False),
        ({"group_ciphers": frozenset({"CCMP"})}, True),
        ({"group_ciphers": frozenset({"TKIP"})}, False),
    ],
)
def test_the_key_does_not_make_a_duplicate_another_network(fields: dict[str, Any], is_duplicate: bool) -> None:
    networks = NetworkList([network(id=0, **fields)])
    learnt = networks.learn([network()])
    assert learnt.removed == ((0,) if is_duplicate else ())
    assert [n.id for n in networks] == ([1] if is_duplicate else [0, 1])


def test_the_group_cipher_may_be_equal_without_ccmp() -> None:
    tkip = network(group_ciphers=frozenset({"TKIP"}))
    assert tkip.is_duplicate_of(tkip)
    assert not replace(tkip, ssid=Ssid(b"")).is_duplicate_of(replace(tkip, ssid=Ssid(b"")))
    assert network(bssid=BSSID).is_duplicate_of(network(bssid=BSSID, id=4))
    assert not network(bssid=BSSID).is_duplicate_of(network(bssid=OTHER_BSSID))


def test_the_first_network_takes_the_place_of_the_runs_own_block() -> None:
    networks = NetworkList()
    networks.add(network(ssid=Ssid(b"work")))
    block = networks.add(Network(key_management=frozenset({"WPS"}), is_temporary=True))
    networks.add(network(ssid=Ssid(b"cafe")))
    learnt = networks.learn([network(), network(ssid=Ssid(b"home-5g"))], in_place_of=block.id)
    assert [(n.id, n.ssid, n.is_temporary) for n in networks] == [
        (0, b"work", False),
        (1, b"home", False),
        (2, b"cafe", False),
        (3, b"home-5g", False),
    ]
    assert learnt.networks == (networks.get(1), networks.get(3))
    assert learnt.removed == ()


def test_two_credentials_of_a_mixed_network_become_one_network() -> None:
    run = [Network.from_credential(credential(WPA, TKIP)), Network.from_credential(credential(WPA2, AES))]
    networks = NetworkList()
    (learnt,) = networks.learn(run).networks
    assert learnt.protocols == {"WPA", "RSN"}
    assert learnt.pairwise_ciphers == BOTH
    assert len(networks) == 1
    again = networks.learn([replace(n, passphrase=b"the new key") for n in run])
    assert again.removed == (learnt.id,)
    assert [n.passphrase for n in networks] == [b"the new key"]


def test_an_older_network_of_one_mode_goes_when_both_modes_come() -> None:
    networks = NetworkList([network(id=0)])
    run = [Network.from_credential(credential(WPA, TKIP)), Network.from_credential(credential(WPA2, AES))]
    assert networks.learn(run).removed == (0,)
    assert len(networks) == 1


def test_two_credentials_with_different_keys_stay_two() -> None:
    networks = NetworkList()
    learnt = networks.learn([network(), network(passphrase=b"another key"), network(passphrase=None, psk=bytes(32))])
    assert [n.id for n in learnt.networks] == [0, 1, 2]
    assert len(networks) == 3


def test_two_credentials_of_two_networks_stay_two() -> None:
    learnt = NetworkList().learn([network(), network(ssid=Ssid(b"guest")), network()])
    assert [n.ssid for n in learnt.networks] == [b"home", b"guest"]


def test_learning_nothing_changes_nothing() -> None:
    networks = NetworkList([network(id=0)])
    assert networks.learn([], in_place_of=0).networks == ()
    assert len(networks) == 1


# ---- the list


def test_an_id_is_not_given_twice() -> None:
    networks = NetworkList([network(id=4)])
    assert networks.add(network()).id == 5
    removed = networks.remove(5)
    assert removed is not None
    assert removed.id == 5
    assert networks.remove(5) is None
    assert networks.put(network()).id == 6
    assert [n.id for n in networks] == [4, 6]
    assert networks.get(5) is None


def test_candidates_come_by_priority_then_in_their_order() -> None:
    networks = NetworkList(
        [
            network(id=0, priority=1),
            network(id=1, priority=5),
            network(id=2, priority=1),
            network(id=3, priority=9, is_disabled=True),
            network(id=4, priority=9, key_management=frozenset({"WPS"})),
        ]
    )
    assert [n.id for n in networks.candidates()] == [1, 0, 2]


def test_enable_disable_select() -> None:
    networks = NetworkList([network(id=0), network(id=1, is_disabled=True), network(id=2)])
    assert networks.enable(1)
    assert networks.disable(0)
    assert [networks.is_enabled(i) for i in range(4)] == [False, True, True, False]
    assert not networks.enable(9)
    assert not networks.disable(9)
    assert networks.select(0)
    assert [networks.is_enabled(i) for i in range(3)] == [True, False, False]
    assert not networks.select(9)
    assert [n.is_disabled for n in networks] == [False, True, True]


def test_networks_set_aside_come_back_as_they_were() -> None:
    networks = NetworkList([network(id=0), network(id=1, is_disabled=True), network(id=2)])
    networks.set_aside_all_but(2)
    assert [n.id for n in networks.candidates()] == [2]
    assert [n.is_disabled for n in networks] == [False, True, False], "what is saved does not change"
    networks.remove(2)
    assert networks.bring_back()
    assert not networks.bring_back()
    assert [n.id for n in networks.candidates()] == [0]


def test_one_set_aside_can_be_removed_enabled_or_selected() -> None:
    networks = NetworkList([network(id=0), network(id=1), network(id=2)])
    networks.set_aside_all_but(2)
    networks.remove(0)
    networks.enable(1)
    assert [n.id for n in networks.candidates()] == [1, 2]
    assert not networks.bring_back()
    networks.set_aside_all_but(2)
    networks.select(1)
    assert [n.id for n in networks.candidates()] == [1]
    networks.set_aside_all_but(1)
    assert not networks.bring_back(), "what comes back is disabled"


def test_temporary_networks_go_together() -> None:
    networks = NetworkList([network(id=0), network(id=1, is_temporary=True), network(id=2, is_temporary=True)])
    assert networks.remove_temporary() == (1, 2)
    assert [n.id for n in networks] == [0]
