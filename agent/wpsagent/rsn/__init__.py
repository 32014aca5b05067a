# SPDX-License-Identifier: BSD-3-Clause
"""Robust Security Network: the 4-way and group key handshakes, both sides."""
