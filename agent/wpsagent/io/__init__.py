# SPDX-License-Identifier: BSD-3-Clause
"""Sockets, files and the event loop."""
