# SPDX-License-Identifier: BSD-3-Clause
"""Cryptography of WSC and RSN: pure functions over octets."""
