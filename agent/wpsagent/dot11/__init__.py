# SPDX-License-Identifier: BSD-3-Clause
"""IEEE 802.11: elements, management frames, channels."""
