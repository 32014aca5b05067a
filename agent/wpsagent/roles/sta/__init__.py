# SPDX-License-Identifier: BSD-3-Clause
"""The station: what it knows of the air and of its networks, and how it joins one."""
