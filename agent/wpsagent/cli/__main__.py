# SPDX-License-Identifier: BSD-3-Clause
"""`python -m wpsagent.cli` is `wps-agent`."""

import sys

from wpsagent.cli import main

sys.exit(main())
