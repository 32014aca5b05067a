# SPDX-License-Identifier: BSD-3-Clause
"""The options of a station that can be set while it runs, by the names of wpa_supplicant's global section.

    with effect     how the device describes itself, its UUID, what WPS does with what it brings, how long an access
                    point stays in the table
    without effect  the others that front ends and scripts set as a matter of course: checked, kept and told again

Refuses, by DecodeError, unknown names, values that an option cannot have, and control characters.  A change counts
from the next WPS run on: one that runs keeps what it began with.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wpsagent.errors import DecodeError
from wpsagent.roles.sta.network_variables import check_value, decode_number, to_octets
from wpsagent.roles.sta.parameters import CredentialProcessing, StationParameters
from wpsagent.rsn.rsne import FrameProtection
from wpsagent.wsc.device import PrimaryDeviceType, encode_os_version, format_uuid, parse_uuid
from wpsagent.wsc.enumerations import ConfigMethods

_INT_MAX = (1 << 31) - 1
_MAX_TEXT = 256

Parameters = StationParameters


@dataclass(frozen=True, slots=True)
class Option:
    """decode: text to value, raises DecodeError.  apply: the parameters with the value; show: the text of a parameter.

    default: the text while it has not been set, where it has no effect; None for none.
    """

    name: str
    decode: Callable[[str], Any]
    apply: Callable[[Parameters, Any], Parameters] | None = None
    show: Callable[[Parameters], str] | None = None
    default: str | None = None


# ---- with effect


def _text(maximum: int) -> Callable[[str], str]:
    def decode(raw: str) -> str:
        if len(to_octets(raw)) > maximum:
            raise DecodeError(f"expected at most {maximum} octets")
        return raw

    return decode


def _number(least: int, most: int) -> Callable[[str], int]:
    return lambda raw: decode_number(raw, least, most)


def _described(name: str, field: str, decode: Callable[[str], Any], show: Callable[[Any], str] = str) -> Option:
    """An option that is a field of the device's description."""
    return Option(
        name,
        decode,
        lambda parameters, value: replace(parameters, device=replace(parameters.device, **{field: value})),
        lambda parameters: show(getattr(parameters.device, field)),
    )


def _parameter(name: str, field: str, decode: Callable[[str], Any], show: Callable[[Any], str] = str) -> Option:
    """An option that is a field of the station's parameters."""
    return Option(
        name,
        decode,
        lambda parameters, value: replace(parameters, **{field: value}),
        lambda parameters: show(getattr(parameters, field)),
    )


def _os_version(raw: str) -> int:
    try:
        octets = bytes.fromhex(raw)
    except ValueError:
        octets = b""
    if len(octets) != 4 or len(raw) != 8:
        raise DecodeError("expected 8 hexadecimal digits")
    return int.from_bytes(octets)


def _config_methods(raw: str) -> ConfigMethods:
    names = {method.name.lower(): method for method in ConfigMethods if method.name is not None}
    names |= {name.lower(): method for name, method in ConfigMethods.__members__.items()}
    methods = ConfigMethods(0)
    for word in raw.split():
        if word not in names:
            raise DecodeError(f"there is no config method {word!r}; there is {', '.join(names)}")
        methods |= names[word]
    return methods


def _methods_text(methods: ConfigMethods) -> str:
    """The names of all that is in it; a kind that has a finer name (virtual_display) is not named twice."""
    held = [(name, method) for name, method in ConfigMethods.__members__.items() if method & methods == method]
    return " ".join(
        name.lower()
        for name, method in held
        if not any(other != method and other & method == method for _, other in held)
    )


def _vendor_extension(raw: str) -> tuple[bytes, ...]:
    """Octets for M1: the vendor's three, then what it says."""
    if not raw:
        return ()
    try:
        octets = bytes.fromhex(raw)
    except ValueError:
        octets = b""
    if not 4 <= len(octets) <= 1024:
        raise DecodeError("expected 4 to 1024 octets in hexadecimal digits, those of the vendor first")
    return (octets,)


_WITH_EFFECT = (
    _described("device_name", "device_name", _text(32)),
    _described("manufacturer", "manufacturer", _text(64)),
    _described("model_name", "model_name", _text(32)),
    _described("model_number", "model_number", _text(32)),
    _described("serial_number", "serial_number", _text(32)),
    _described("device_type", "primary_device_type", PrimaryDeviceType.parse),
    _described("os_version", "os_version", _os_version, lambda version: encode_os_version(version).hex()),
    _described("config_methods", "config_methods", _config_methods, _methods_text),
    _parameter("uuid", "uuid", parse_uuid, format_uuid),
    _parameter(
        "wps_cred_processing",
        "credential_processing",
        lambda raw: CredentialProcessing(decode_number(raw, 0, 2)),
        lambda processing: str(int(processing)),
    ),
    _parameter(
        "wps_cred_add_sae", "add_sae", lambda raw: decode_number(raw, 0, 1) == 1, lambda is_added: str(int(is_added))
    ),
    _parameter(
        "pmf",
        "frame_protection",
        lambda raw: FrameProtection(decode_number(raw, 0, 2)),
        lambda protection: str(int(protection)),
    ),
    _parameter("wps_priority", "wps_priority", _number(0, _INT_MAX)),
    _parameter("wps_fragment_size", "fragment_size", _number(100, 1400)),
    _parameter(
        "wps_vendor_ext_m1",
        "vendor_extensions",
        _vendor_extension,
        lambda extensions: "".join(octets.hex() for octets in extensions),
    ),
    _parameter(
        "bss_expiration_age", "max_age", lambda raw: float(decode_number(raw, 10, _INT_MAX)), lambda age: f"{age:.0f}"
    ),
)

# ---- without effect: name, default, least, most

_NUMBERS = """
ap_scan 1 0 2 | auto_uuid 0 0 1 | eapol_version 1 1 3 | user_mpm 1 0 1 | max_peer_links 99 0 255
mesh_max_inactivity 300 0 2147483647 | dot11RSNASAERetransPeriod 1000 0 2147483647 | disable_scan_offload 0 0 1
fast_reauth 1 0 1 | external_sim 0 0 1 | dot11RSNAConfigPMKLifetime 43200 1 2147483647
dot11RSNAConfigPMKReauthThreshold 70 1 100 | dot11RSNAConfigSATimeout 60 1 2147483647
EAPOL::heldPeriod 60 0 2147483647 | EAPOL::authPeriod 30 0 2147483647 | EAPOL::startPeriod 30 0 2147483647
EAPOL::maxStart 3 0 2147483647 | p2p_disabled 0 0 1 | p2p_go_intent 7 0 15 | p2p_listen_reg_class 0 0 255
p2p_listen_channel 0 0 255 | p2p_oper_reg_class 0 0 255 | p2p_oper_channel 0 0 255 | persistent_reconnect 0 0 1
p2p_intra_bss 1 0 1 | p2p_no_group_iface 0 0 1 | p2p_group_idle 0 0 2147483647 | bss_max_count 200 1 2147483647
bss_expiration_scan_count 2 1 2147483647 | filter_ssids 0 0 1 | filter_rssi 0 -100 0 | max_num_sta 128 0 2007
ap_isolate 0 0 1 | disassoc_low_ack 0 0 1 | hs20 0 0 1 | interworking 0 0 1 | pbc_in_m1 0 0 1
wps_nfc_dev_pw_id 0 0 65535 | p2p_go_max_inactivity 300 0 2147483647 | auto_interworking 0 0 1 | okc 0 0 1
dtim_period 0 0 255 | beacon_int 0 0 65535 | ignore_old_scan_res 0 0 1 | scan_cur_freq 0 0 1
scan_res_valid_for_connect 5 0 2147483647 | sched_scan_interval 0 0 2147483647 | sched_scan_start_delay 0 0 2147483647
tdls_external_control 0 0 1 | mac_addr 0 0 2 | rand_addr_lifetime 60 1 2147483647 | preassoc_mac_addr 0 0 2
key_mgmt_offload 1 0 1 | passive_scan 0 0 1 | reassoc_same_bss_optim 0 0 1 | sae_pwe 0 0 3 | cert_in_cb 1 0 1
wpa_rsc_relaxation 1 0 1 | gas_rand_mac_addr 0 0 2 | disable_btm 0 0 1 | extended_key_id 0 0 1 | ps 0 0 2
no_keep_alive 0 0 1 | wps_disable 0 0 1
"""

_TEXTS = """
autoscan bgscan bssid_filter ctrl_interface ctrl_interface_group disallow_aps driver_param ext_password_backend
freq_list openssl_ciphers opensc_engine_path p2p_ssid_postfix pcsc_pin pcsc_reader pkcs11_engine_path pkcs11_module_path
sec_device_type wowlan_triggers wps_nfc_dev_pw wps_nfc_dh_privkey wps_nfc_dh_pubkey
"""

SECRETS = frozenset({"pcsc_pin", "wps_nfc_dev_pw", "wps_nfc_dh_privkey"})
"""Options that are never told again."""


def _country(raw: str) -> str:
    if len(raw) != 2 or not (raw.isascii() and raw.isalnum() and raw == raw.upper()):
        raise DecodeError("expected a country of two capital letters")
    return raw


def _without_effect() -> Iterable[Option]:
    for line in _NUMBERS.replace("|", "\n").strip().splitlines():
        name, default, least, most = line.split()
        yield Option(name, _number(int(least), int(most)), default=default)
    for name in _TEXTS.split():
        yield Option(name, _text(_MAX_TEXT))
    yield Option("country", _country)
    yield Option("update_config", _number(0, 1), default="0")


OPTIONS: Mapping[str, Option] = {option.name: option for option in (*_WITH_EFFECT, *_without_effect())}
"""All that can be set and asked for; update_config is that of the networks' file."""


def check_option(name: str, raw: str) -> Option:
    """The option of a name, if it can have that value; raises DecodeError."""
    option = OPTIONS.get(name)
    if option is None:
        raise DecodeError("there is no such option")
    check_value(raw)
    option.decode(raw)
    return option


def with_options(parameters: Parameters, options: Mapping[str, str]) -> Parameters:
    """The parameters with all options that have an effect on them; raises DecodeError."""
    for name, raw in options.items():
        option = check_option(name, raw)
        if option.apply is not None:
            parameters = option.apply(parameters, option.decode(raw))
    return parameters


def shown_option(name: str, parameters: Parameters | None, options: Mapping[str, str]) -> str | None:
    """The text of an option as it counts now, secrets as "*"; None where it has not been set and has no default."""
    option = OPTIONS.get(name)
    if option is None:
        return None
    if name not in options and option.show is not None and parameters is not None:
        return option.show(parameters)
    value = options.get(name, option.default)
    return "*" if value is not None and name in SECRETS else value
