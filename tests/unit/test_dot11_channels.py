# SPDX-License-Identifier: BSD-3-Clause
"""Channels: both ways over all channels, and what is refused."""

import pytest

from wpsagent.dot11.channels import FrequencyBand, band_of, channel_of, frequency_of, guess_frequency
from wpsagent.errors import UsageError

PLACES = [
    (2412, FrequencyBand.GHZ_2_4, 1),
    (2437, FrequencyBand.GHZ_2_4, 6),
    (2472, FrequencyBand.GHZ_2_4, 13),
    (2484, FrequencyBand.GHZ_2_4, 14),
    (5180, FrequencyBand.GHZ_5, 36),
    (5500, FrequencyBand.GHZ_5, 100),
    (5825, FrequencyBand.GHZ_5, 165),
    (5885, FrequencyBand.GHZ_5, 177),
    (5935, FrequencyBand.GHZ_6, 2),
    (5955, FrequencyBand.GHZ_6, 1),
    (7115, FrequencyBand.GHZ_6, 233),
    (58320, FrequencyBand.GHZ_60, 1),
    (60480, FrequencyBand.GHZ_60, 2),
]


@pytest.mark.parametrize(("mhz", "band", "channel"), PLACES)
def test_frequency_and_channel_are_each_others_inverse(mhz: int, band: FrequencyBand, channel: int) -> None:
    assert (band_of(mhz), channel_of(mhz)) == (band, channel)
    assert frequency_of(band, channel) == mhz


@pytest.mark.parametrize("mhz", [0, 2407, 2477, 2413, 5178, 5000, 7120, 56160])
def test_frequency_that_is_no_channels_centre_is_refused(mhz: int) -> None:
    with pytest.raises(UsageError, match=f"{mhz} MHz is not the centre of a Wi-Fi channel"):
        channel_of(mhz)
    with pytest.raises(UsageError):
        band_of(mhz)


@pytest.mark.parametrize(
    ("band", "channel"), [(FrequencyBand.GHZ_2_4, 0), (FrequencyBand.GHZ_2_4, 15), (FrequencyBand.GHZ_5, 200)]
)
def test_channel_that_a_band_does_not_have_is_refused(band: FrequencyBand, channel: int) -> None:
    with pytest.raises(UsageError, match=f"the {band.value} band has no channel {channel}"):
        frequency_of(band, channel)


@pytest.mark.parametrize(("channel", "mhz"), [(1, 2412), (14, 2484), (36, 5180), (165, 5825)])
def test_channel_without_band_is_2_4_ghz_up_to_14_and_5_ghz_above(channel: int, mhz: int) -> None:
    assert guess_frequency(channel) == mhz


def test_channel_numbers_of_all_bands_give_distinct_frequencies() -> None:
    assert len({mhz for mhz in range(2000, 75000) if _is_centre(mhz)}) == 14 + 171 + 233 + 6


def _is_centre(mhz: int) -> bool:
    try:
        channel_of(mhz)
    except UsageError:
        return False
    return True
