# SPDX-License-Identifier: BSD-3-Clause
"""Buttons and indicators of a board; knows nothing of the agent."""
