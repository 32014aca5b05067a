# SPDX-License-Identifier: BSD-3-Clause
"""Who talks to which core when: the access point, the station."""
