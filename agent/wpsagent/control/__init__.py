# SPDX-License-Identifier: BSD-3-Clause
"""The control interface: text in, text out."""
