# SPDX-License-Identifier: BSD-3-Clause
"""EAPOL, EAP and EAP-WSC."""
