# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent fleet watch`: all agents of a broker in one table.

agents (what they have told, checked) → order, words → table (fits a terminal) or lines (text, JSON) → watch (the loop).
"""
