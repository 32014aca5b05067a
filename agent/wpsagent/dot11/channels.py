# SPDX-License-Identifier: BSD-3-Clause
"""Channels: centre frequency to channel number and band, and back.

Implements the channel starting frequencies of IEEE 802.11-2020, 15.4.4.3 (2.4 GHz), 17.3.8.4.2 (5 GHz, and 4.9 GHz
is left out), IEEE 802.11ax-2021, 27.3.23.2 (6 GHz) and IEEE 802.11-2020, 20.3.1 (60 GHz).  Refuses frequencies that
are no channel's centre and channels that a band does not have; whether a channel may be used is for the regulatory
domain to say.
"""

from enum import Enum

from wpsagent.errors import UsageError


class FrequencyBand(Enum):
    """The bands that Wi-Fi Simple Configuration names (RF Bands), and 6 GHz, where it is not allowed."""

    GHZ_2_4 = "2.4 GHz"
    GHZ_5 = "5 GHz"
    GHZ_6 = "6 GHz"
    GHZ_60 = "60 GHz"


# band: (starting frequency in MHz, spacing of channel numbers in MHz, channel numbers)
_PLANS: dict[FrequencyBand, tuple[int, int, range]] = {
    FrequencyBand.GHZ_2_4: (2407, 5, range(1, 14)),
    FrequencyBand.GHZ_5: (5000, 5, range(7, 178)),
    FrequencyBand.GHZ_6: (5950, 5, range(1, 234)),
    FrequencyBand.GHZ_60: (56160, 2160, range(1, 7)),
}
# Centres that stand outside the arithmetic of their band (15.4.4.3; 802.11ax-2021, annex E, operating class 136).
_EXCEPTIONS: dict[tuple[FrequencyBand, int], int] = {
    (FrequencyBand.GHZ_2_4, 14): 2484,
    (FrequencyBand.GHZ_6, 2): 5935,
}
_CHANNELS: dict[int, tuple[FrequencyBand, int]] = {
    start + spacing * channel: (band, channel)
    for band, (start, spacing, channels) in _PLANS.items()
    for channel in channels
    if (band, channel) not in _EXCEPTIONS
} | {mhz: place for place, mhz in _EXCEPTIONS.items()}
_FREQUENCIES: dict[tuple[FrequencyBand, int], int] = {place: mhz for mhz, place in _CHANNELS.items()}


def _place_of(mhz: int) -> tuple[FrequencyBand, int]:
    place = _CHANNELS.get(mhz)
    if place is None:
        raise UsageError(f"{mhz} MHz is not the centre of a Wi-Fi channel")
    return place


def channel_of(mhz: int) -> int:
    """The channel number of a centre frequency; raises UsageError."""
    return _place_of(mhz)[1]


def band_of(mhz: int) -> FrequencyBand:
    """The band of a centre frequency; raises UsageError."""
    return _place_of(mhz)[0]


def frequency_of(band: FrequencyBand, channel: int) -> int:
    """The centre frequency, in MHz, of a channel of a band; raises UsageError."""
    mhz = _FREQUENCIES.get((band, channel))
    if mhz is None:
        raise UsageError(f"the {band.value} band has no channel {channel}")
    return mhz


def guess_frequency(channel: int) -> int:
    """The centre frequency, in MHz, of a channel given without its band: 1 to 14 are 2.4 GHz, the others 5 GHz."""
    return frequency_of(FrequencyBand.GHZ_2_4 if channel <= 14 else FrequencyBand.GHZ_5, channel)
