# SPDX-License-Identifier: BSD-3-Clause
"""What an access point is told once."""

from dataclasses import dataclass

from wpsagent.roles.sta.parameters import CredentialProcessing
from wpsagent.wsc.credential import NetworkSettings


@dataclass(frozen=True, slots=True)
class AccessPointParameters:
    """One network.  Times in seconds; group_rekey 0 for never.  frequency_mhz: where it begins; it may be moved."""

    interface: str
    settings: NetworkSettings
    frequency_mhz: int
    beacon_interval_tu: int = 100
    dtim_period: int = 2
    is_hidden: bool = False
    country: str | None = None
    max_stations: int = 64
    inactivity: float = 300.0
    group_rekey: float = 86400.0
    fragment_size: int = 1400
    credential_processing: CredentialProcessing = CredentialProcessing.INTERNAL
