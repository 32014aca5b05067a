# SPDX-License-Identifier: BSD-3-Clause
"""The networks a station knows: the value, what it has in common with an access point, and the list.

The words are those of wpa_supplicant's network blocks.  A Credential of Wi-Fi Simple Configuration 2.0, 12, becomes a
network here.  What this station cannot join (WPA alone, enterprise, WEP, SAE alone, other modes than infrastructure)
is kept for others who share the file, and matches no access point.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from wpsagent.crypto.passphrase import derive_psk
from wpsagent.errors import UsageError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.rsn.rsne import (
    PSK_SUITES,
    AkmSuite,
    CipherSuite,
    FrameProtection,
    Rsne,
    WpaElement,
    choose_for_station,
)
from wpsagent.wsc.credential import Credential
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

NO_ID = -1
"""The id of a network that is in no list yet."""

NO_SSID = Ssid(b"")

INFRASTRUCTURE = 0
ACCESS_POINT = 2
"""The modes of a station and of an access point; the others (1 IBSS, 3 to 5 P2P and mesh) are not ours."""

DEFAULT_KEY_MANAGEMENT = frozenset({"WPA-PSK", "WPA-EAP"})
DEFAULT_PROTOCOLS = frozenset({"WPA", "RSN"})
DEFAULT_CIPHERS = frozenset({"CCMP", "TKIP"})

_PSK_DIGITS = 64
_PRIVACY = 0x0010  # Capability Information, IEEE 802.11-2020, 9.4.1.4
_CIPHER_NAMES: dict[int, str] = {
    CipherSuite.TKIP: "TKIP",
    CipherSuite.CCMP_128: "CCMP",
    CipherSuite.GCMP_128: "GCMP",
    CipherSuite.GCMP_256: "GCMP-256",
    CipherSuite.CCMP_256: "CCMP-256",
}


class BssView(Protocol):
    """What must be known of an access point to say whether a network is its."""

    @property
    def bssid(self) -> MacAddress: ...
    @property
    def ssid(self) -> Ssid: ...
    @property
    def capability(self) -> int: ...
    @property
    def rsne(self) -> Rsne | None: ...
    @property
    def wpa(self) -> WpaElement | None: ...


@dataclass(frozen=True, slots=True)
class ProtectionPolicy:
    """What a station does about protected management frames.

    default: for networks that do not say (wpa_supplicant's pmf).  is_possible: the radio has BIP-CMAC-128.
    """

    default: FrameProtection = FrameProtection.OPTIONAL
    is_possible: bool = True


ANY_PROTECTION = ProtectionPolicy()


@dataclass(frozen=True, slots=True)
class Match:
    """How to join: the RSNE of the association request, or None where the network is open."""

    rsne: Rsne | None


@dataclass(frozen=True, slots=True)
class Network:
    """A network block.

    bssid: the only access point to join, None for any.  passphrase: 8 to 63 octets; psk: 32 octets; one of them at
    most.  priority: more is better.  authentication_algorithms: empty for automatic.  protected_frames: ieee80211w
    (0 never, 1 when offered, 2 always, None as wpa_supplicant's pmf option says).  other: variables that we do not
    know, as they stand in the file.  A temporary network (a WPS run's) never gets into a file.
    """

    id: int = NO_ID
    ssid: Ssid = NO_SSID
    bssid: MacAddress | None = None
    key_management: frozenset[str] = DEFAULT_KEY_MANAGEMENT
    protocols: frozenset[str] = DEFAULT_PROTOCOLS
    pairwise_ciphers: frozenset[str] = DEFAULT_CIPHERS
    group_ciphers: frozenset[str] = DEFAULT_CIPHERS
    authentication_algorithms: frozenset[str] = frozenset()
    passphrase: bytes | None = field(default=None, repr=False)
    psk: bytes | None = field(default=None, repr=False)
    priority: int = 0
    is_disabled: bool = False
    scan_ssid: bool = False
    id_str: str | None = None
    protected_frames: int | None = None
    mode: int = INFRASTRUCTURE
    other: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    is_temporary: bool = False

    @classmethod
    def from_credential(
        cls, credential: Credential, *, priority: int = 0, add_sae: bool = False, bss: BssView | None = None
    ) -> Self:
        """The network that a Credential (one that `wsc.credential.read_credentials` accepted) tells of.

        add_sae: allow WPA3-Personal with the same passphrase too; not with a PSK, SAE needs the passphrase.
        bss: the access point of the run; where it offers more than the Credential says, that is allowed too.
        """
        network = cls(
            ssid=credential.ssid,
            priority=priority,
            authentication_algorithms=frozenset({"OPEN"}),
            pairwise_ciphers=_pairwise_ciphers(credential.encryption_type),
        )
        if not credential.authentication_type & _PERSONAL:
            return replace(network, key_management=frozenset({"NONE"}))
        network = network._with_key(credential.network_key)
        if credential.authentication_type & AuthenticationType.WPA2_PERSONAL:
            network = replace(network, protocols=frozenset({"RSN"}))
            if add_sae and network.passphrase is not None:
                network = network._with_sae()
        return network if bss is None else network.with_offer_of(bss)

    def _with_key(self, key: bytes) -> Self:
        network = replace(self, key_management=frozenset({"WPA-PSK"}))
        if len(key) == _PSK_DIGITS:
            return replace(network, psk=bytes.fromhex(key.decode("ascii")))
        return replace(network, passphrase=key)

    def _with_sae(self) -> Self:
        key_management = self.key_management | {"SAE"}
        return replace(
            self, key_management=key_management, protected_frames=1, authentication_algorithms=frozenset[str]()
        )

    def with_offer_of(self, bss: BssView) -> Self:
        """Allows RSN and CCMP if this access point has them: some tell the weakest of their modes in a Credential."""
        if bss.rsne is None or not PSK_SUITES.intersection(bss.rsne.akm_suites):
            return self
        if CipherSuite.CCMP_128 not in bss.rsne.pairwise_ciphers:
            return self
        return replace(self, protocols=self.protocols | {"RSN"}, pairwise_ciphers=self.pairwise_ciphers | {"CCMP"})

    @property
    def is_for_wps(self) -> bool:
        """True for the block of a WPS run."""
        return "WPS" in self.key_management

    def pmk(self) -> bytes:
        """The 32 octets of the pairwise master key; raises UsageError without a key.  Takes some milliseconds."""
        if self.psk is not None:
            return self.psk
        if self.passphrase is None:
            raise UsageError(f"network {self.id} ({self.ssid}) has no passphrase")
        return derive_psk(self.passphrase, self.ssid)

    def match(self, bss: BssView, protection: ProtectionPolicy = ANY_PROTECTION) -> Match | None:
        """How this station joins that access point as this network, or None if it cannot.

        Whether the network is enabled and the access point ignored is for others to say.
        """
        if not self.ssid or self.ssid != bss.ssid or self.mode != INFRASTRUCTURE:
            return None
        if self.bssid is not None and self.bssid != bss.bssid:
            return None
        is_protected = bss.rsne is not None or bss.wpa is not None or bool(bss.capability & _PRIVACY)
        if "NONE" in self.key_management and not is_protected and not self._has_wep_key():
            return Match(None)
        return self._match_rsn(bss.rsne, protection)

    def _has_wep_key(self) -> bool:
        return any(name.startswith("wep_key") for name, _ in self.other)

    def _match_rsn(self, offer: Rsne | None, protection: ProtectionPolicy) -> Match | None:
        if offer is None or "RSN" not in self.protocols or (self.psk is None and self.passphrase is None):
            return None
        wanted = protection.default if self.protected_frames is None else FrameProtection(self.protected_frames)
        if not protection.is_possible:
            if wanted is FrameProtection.REQUIRED:
                return None
            wanted = FrameProtection.NEVER
        rsne = choose_for_station(offer, wanted, self._akm_suites())
        return Match(rsne) if rsne is not None and self._allows(rsne) else None

    def _akm_suites(self) -> frozenset[AkmSuite]:
        """WPA-PSK allows the SHA-256 variant too: it has the same key, and who asks for protected frames gets it."""
        if "WPA-PSK" in self.key_management:
            return PSK_SUITES
        return frozenset({AkmSuite.PSK_SHA256} if "WPA-PSK-SHA256" in self.key_management else ())

    def _allows(self, rsne: Rsne) -> bool:
        if not all(_CIPHER_NAMES.get(cipher) in self.pairwise_ciphers for cipher in rsne.pairwise_ciphers):
            return False
        return _CIPHER_NAMES.get(rsne.group_cipher) in self.group_ciphers

    def is_duplicate_of(self, other: Self) -> bool:
        """True if both say the same of a network whatever its key, so that the older may go when the newer comes."""
        return (
            self._is_akin_to(other)
            and self.protocols == other.protocols
            and self.pairwise_ciphers == other.pairwise_ciphers
        )

    def _is_akin_to(self, other: Self) -> bool:
        is_same_group = self.group_ciphers == other.group_ciphers
        return (
            bool(self.ssid)
            and self.ssid == other.ssid
            and self.bssid == other.bssid
            and self.authentication_algorithms == other.authentication_algorithms
            and self.key_management == other.key_management
            and (is_same_group or "CCMP" in self.group_ciphers & other.group_ciphers)
        )

    def merged_with(self, other: Self) -> Self | None:
        """One network for two of the same run, or None if they are not one.

        Access points with mixed modes send a Credential for WPA with TKIP and another for WPA2 with AES.
        """
        if not self._is_akin_to(other) or (self.passphrase, self.psk) != (other.passphrase, other.psk):
            return None
        return replace(
            self,
            protocols=self.protocols | other.protocols,
            pairwise_ciphers=self.pairwise_ciphers | other.pairwise_ciphers,
            group_ciphers=self.group_ciphers | other.group_ciphers,
        )


_PERSONAL = AuthenticationType.WPA_PERSONAL | AuthenticationType.WPA2_PERSONAL


def _pairwise_ciphers(encryption_type: EncryptionType) -> frozenset[str]:
    """AES alone means CCMP; whoever says TKIP is asked for CCMP first."""
    is_aes_only = EncryptionType.AES in encryption_type and EncryptionType.TKIP not in encryption_type
    return frozenset({"CCMP"}) if is_aes_only else DEFAULT_CIPHERS


# ---- the list


@dataclass(frozen=True, slots=True)
class Learnt:
    """What came of a run: the networks as they are in the list now, and the ids that are there no more."""

    networks: tuple[Network, ...]
    removed: tuple[int, ...] = ()


class NetworkList:
    """The networks a station knows, by id, in the order in which they came.  An id is never given twice.

    Networks may be set aside for a while (during WPS): that is not the `disabled` of their block and is never saved.
    """

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self._networks: dict[int, Network] = {}
        self._aside: frozenset[int] = frozenset()
        self._next_id = 0
        for network in networks:
            self.put(network)

    def __iter__(self) -> Iterator[Network]:
        """Over those of this moment: they may be removed meanwhile."""
        return iter(tuple(self._networks.values()))

    def __len__(self) -> int:
        return len(self._networks)

    def get(self, network_id: int) -> Network | None:
        return self._networks.get(network_id)

    def add(self, network: Network) -> Network:
        """Adds it under the next id and returns it so."""
        return self.put(replace(network, id=self._next_id))

    def put(self, network: Network) -> Network:
        """Takes it as it is, in the place of the one that has its id; under the next id if it has none."""
        if network.id < 0:
            return self.add(network)
        self._networks[network.id] = network
        self._next_id = max(self._next_id, network.id + 1)
        return network

    def remove(self, network_id: int) -> Network | None:
        """Removes it and returns it, None if there is none."""
        self._aside -= {network_id}
        return self._networks.pop(network_id, None)

    def replace_all(self, networks: Iterable[Network]) -> None:
        """Takes these, as they are, in the place of all there are."""
        for network in self:
            self.remove(network.id)
        for network in networks:
            self.put(network)

    def remove_temporary(self) -> tuple[int, ...]:
        """Removes the networks of WPS runs; returns their ids."""
        ids = tuple(network.id for network in self if network.is_temporary)
        for network_id in ids:
            self.remove(network_id)
        return ids

    # ---- enabled and disabled

    def enable(self, network_id: int) -> bool:
        """Enables it for good, also if it was set aside; False if there is none."""
        self._aside -= {network_id}
        return self._set_disabled(network_id, False)

    def disable(self, network_id: int) -> bool:
        """Disables it for good; False if there is none."""
        return self._set_disabled(network_id, True)

    def select(self, network_id: int) -> bool:
        """Enables this one and disables all others for good; False, and nothing done, if there is none."""
        if network_id not in self._networks:
            return False
        for network in self:
            self._set_disabled(network.id, network.id != network_id)
        self._aside = frozenset()
        return True

    def _set_disabled(self, network_id: int, is_disabled: bool) -> bool:
        network = self._networks.get(network_id)
        if network is None:
            return False
        if network.is_disabled != is_disabled:
            self._networks[network_id] = replace(network, is_disabled=is_disabled)
        return True

    def set_aside_all_but(self, network_id: int) -> None:
        """For the time of a WPS run: no other network takes the connection."""
        self._aside = frozenset(self._networks) - {network_id}

    def bring_back(self) -> bool:
        """The networks set aside count again; True if there is an enabled one among them."""
        ids, self._aside = self._aside, frozenset()
        return any(not self._networks[network_id].is_disabled for network_id in ids)

    def is_enabled(self, network_id: int) -> bool:
        network = self._networks.get(network_id)
        return network is not None and not network.is_disabled and network_id not in self._aside

    def candidates(self) -> tuple[Network, ...]:
        """The networks that may be joined now, by priority, of the same priority in their own order."""
        enabled = (network for network in self if self.is_enabled(network.id) and not network.is_for_wps)
        return tuple(sorted(enabled, key=lambda network: -network.priority))

    # ---- what WPS taught

    def learn(self, networks: Sequence[Network], in_place_of: int | None = None) -> Learnt:
        """Takes the networks of one run; the first takes the id in_place_of, the run's temporary block.

        Those of the run that are one network become one.  An older network that one of them duplicates goes, whatever
        its key, so that enrolling again leaves one network and not two.
        """
        merged = _merge(networks)
        duplicates = [
            old.id
            for old in self
            if old.id != in_place_of and any(new.is_duplicate_of(old) for new in (*networks, *merged))
        ]
        for network_id in duplicates:
            self.remove(network_id)
        ids = [NO_ID] * len(merged)
        if merged and in_place_of is not None:
            ids[0] = in_place_of
        learnt = tuple(
            self.put(replace(network, id=network_id)) for network, network_id in zip(merged, ids, strict=True)
        )
        return Learnt(learnt, tuple(duplicates))


def _merge(networks: Iterable[Network]) -> list[Network]:
    """The networks of one run, each once."""
    merged: list[Network] = []
    for network in networks:
        for index, earlier in enumerate(merged):
            both = earlier.merged_with(network)
            if both is not None:
                merged[index] = both
                break
        else:
            merged.append(network)
    return merged
