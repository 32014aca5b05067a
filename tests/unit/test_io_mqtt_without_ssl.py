# SPDX-License-Identifier: BSD-3-Clause
"""paho-mqtt where it was imported without ssl, as the agent does for brokers without TLS."""

import subprocess
import sys

_SCRIPT = """
import socket
from wpsagent.io.lean_import import without
with without("ssl"):
    from wpsagent.io.mqtt_connection import paho
near, far = socket.socketpair()
near.setblocking(False)
client = paho.Client(*([paho.CallbackAPIVersion.VERSION2] if hasattr(paho, "CallbackAPIVersion") else []))
client._sock = near
print(client.loop_read())
"""


def test_what_has_not_come_yet_is_no_error() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("0\n", "")
