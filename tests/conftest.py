# SPDX-License-Identifier: BSD-3-Clause
"""What holds for every test."""

import os
import signal

# Debian's daemons are in folders that a user's PATH does not name.
os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"

# A shell that runs us in the background lets us, and all we start, ignore an interrupt; tests that send one would wait.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
