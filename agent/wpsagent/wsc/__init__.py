# SPDX-License-Identifier: BSD-3-Clause
"""Wi-Fi Simple Configuration 2.0."""
