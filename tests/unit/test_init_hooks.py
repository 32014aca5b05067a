# SPDX-License-Identifier: BSD-3-Clause
"""The hook scripts that we ship, each with a DHCP client that only writes down how it is called."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SHIPPED = Path(__file__).parents[2] / "init/hooks"
NAMES = sorted(path.name for path in SHIPPED.iterdir())

# Goes to the background as BusyBox's does, and says goodbye.
UDHCPC = """
if [ "$1" = run ]; then
  trap 'echo released >>{heard}; exit' TERM
  echo $$ >{folder}/ready
  while :; do sleep 0.02; done
fi
echo "udhcpc $*" >>{heard}
mkfifo {folder}/ready
"$0" run "$@" >/dev/null 2>&1 &
echo $! >"$4"
read -r _ <{folder}/ready
rm {folder}/ready
"""
CLIENT = 'echo "{name} $*" >>{heard}; exit {status}'


class Bench:
    """The scripts with /var/run and the clients in a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.heard = folder / "heard"
        self.pid_file = folder / "wps-agent-udhcpc.wlan1.pid"
        (folder / "bin").mkdir()
        (folder / "hooks").mkdir()

    def client(self, name: str, body: str, status: int = 0) -> None:
        path = self.folder / "bin" / name
        path.write_text("#!/bin/sh\n" + body.format(heard=self.heard, folder=self.folder, name=name, status=status))
        path.chmod(0o755)

    def run(self, name: str, *words: str) -> int:
        script = self.folder / "hooks" / name
        shutil.copy(SHIPPED / name, script)
        script.write_text(script.read_text().replace("/var/run", str(self.folder)))
        path = f"{self.folder}/bin:/usr/bin:/bin"
        return subprocess.run([script, *words], env={"PATH": path}, timeout=20, check=False).returncode

    @property
    def lines(self) -> list[str]:
        return self.heard.read_text().splitlines() if self.heard.exists() else []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_there_is_one_for_every_client_that_we_speak_of() -> None:
    assert NAMES == ["dhcpcd", "networkctl", "udhcpc"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_executable_and_every_shell_understands_it(name: str) -> None:
    script = SHIPPED / name
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/bin/sh\n# SPDX-License-Identifier: BSD-3-Clause\n")
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_what_is_neither_connection_nor_loss_asks_nothing_of_the_client(bench: Bench, name: str) -> None:
    bench.client(name, CLIENT)
    assert bench.run(name, "wlan1", "WPS-FAIL", "msg=8", "config_error=18") == 0
    assert bench.lines == []


@pytest.mark.parametrize(
    ("name", "event", "line"),
    [
        ("dhcpcd", "CONNECTED", "dhcpcd --quiet --background --rebind wlan1"),
        ("dhcpcd", "DISCONNECTED", "dhcpcd --quiet --exit wlan1"),
        ("networkctl", "CONNECTED", "networkctl reconfigure wlan1"),
    ],
)
def test_the_client_is_asked(bench: Bench, name: str, event: str, line: str) -> None:
    bench.client(name, CLIENT)
    assert bench.run(name, "wlan1", event) == 0
    assert bench.lines == [line]


def test_networkd_needs_no_word_when_the_carrier_is_gone(bench: Bench) -> None:
    bench.client("networkctl", CLIENT)
    assert bench.run("networkctl", "wlan1", "DISCONNECTED") == 0
    assert bench.lines == []


@pytest.mark.parametrize(("name", "event"), [("dhcpcd", "CONNECTED"), ("networkctl", "CONNECTED")])
def test_a_client_that_fails_is_told_to_the_agent(bench: Bench, name: str, event: str) -> None:
    bench.client(name, CLIENT, status=4)
    assert bench.run(name, "wlan1", event) == 4


def test_a_dhcpcd_that_has_ended_already_is_no_failure(bench: Bench) -> None:
    bench.client("dhcpcd", CLIENT, status=1)
    assert bench.run("dhcpcd", "wlan1", "DISCONNECTED") == 0


def test_udhcpc_is_started_replaced_and_ended_before_the_next(bench: Bench) -> None:
    bench.client("udhcpc", UDHCPC)
    started = f"udhcpc -i wlan1 -p {bench.pid_file} -b -R -t 4 -T 2"
    assert bench.run("udhcpc", "wlan1", "CONNECTED") == 0
    assert bench.run("udhcpc", "wlan1", "CONNECTED") == 0
    assert bench.run("udhcpc", "wlan1", "DISCONNECTED") == 0
    assert bench.run("udhcpc", "wlan1", "DISCONNECTED") == 0
    assert bench.lines == [started, "released", started, "released"]
    assert not bench.pid_file.exists()


@pytest.mark.parametrize("content", ["{other}\n", "99999999\n", "", "no number\n"])
def test_a_stale_number_ends_nobody(bench: Bench, content: str) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        bench.pid_file.write_text(content.format(other=other.pid))
        assert bench.run("udhcpc", "wlan1", "DISCONNECTED") == 0
        assert other.poll() is None
        other.kill()
    assert not bench.pid_file.exists()
