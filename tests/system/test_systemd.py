# SPDX-License-Identifier: BSD-3-Clause
"""The service under a real systemd, Debian 12's, which is the first process of a machine of its own.

That machine has no radio: its network is down, and said to be.  Everything else is there.
"""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.system.debian import BECOME, NAMESPACES, Debian, Machine
from tests.system.surroundings import needs

pytestmark = needs([*BECOME, *NAMESPACES, "true"], ["findmnt", "-t", "cgroup2"])

OTHER_USERS = Path(__file__).resolve().parents[2] / "init" / "other-users.conf"
SECRETS = ("the key of the network", "a secret of the broker")
CONFIGURATION = f"""[agent]
node = "box"
control_group = "netdev"
[[access_point]]
interface = "wlan0"
ssid = "home"
passphrase = "{SECRETS[0]}"
psk_file = "wpa.psk"
[[button]]
backend = "simulated"
[[led]]
backend = "simulated"
[mqtt]
host = "127.0.0.1"
username = "box"
password_file = "mqtt-password"
"""
BROKER = """listener 1883 127.0.0.1
allow_anonymous false
password_file /etc/mosquitto/passwords
"""
# A call that the unit does not allow kills the agent here, and does not merely fail; its loop must turn every second.
STRICT = "[Service]\nSystemCallErrorNumber=\nWatchdogSec=2\n"
WITHIN = 20.0

PROBE = """
import contextlib, ctypes, errno, mmap, os, socket

def tried(name, act):
    try:
        act()
    except OSError as error:
        print(name, errno.errorcode[error.errno], flush=True)
    else:
        print(name, "done", flush=True)

tried("input", lambda: os.open("/dev/input/event0", os.O_RDONLY))
tried("input for writing", lambda: os.open("/dev/input/event0", os.O_RDWR))
tried("tunnel", lambda: os.open("/dev/net/tun", os.O_RDWR))
tried("null", lambda: os.open("/dev/null", os.O_RDWR))
tried("frames", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
tried("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16))
tried("bluetooth", lambda: socket.socket(31, socket.SOCK_RAW))
tried("code that is written", lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC))
tried("own configuration", lambda: os.close(os.open("/etc/wps-agent/probe", os.O_CREAT | os.O_WRONLY)))
tried("other configuration", lambda: os.open("/etc/probe", os.O_CREAT | os.O_WRONLY))
tried("homes", lambda: os.listdir("/root"))
tried("become another", lambda: os.setuid(1))
"""
PROBED = """input ENXIO
input for writing EPERM
tunnel EPERM
null done
frames done
netlink done
bluetooth EAFNOSUPPORT
code that is written EPERM
own configuration done
other configuration EROFS
homes EACCES
become another EPERM
"""

# As hostapd_cli and wpa_cli do it.
CLIENT = """
import os, socket, sys
os.umask(int(sys.argv[1], 8))
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
    client.settimeout(2)
    own = f"/tmp/client-{os.getpid()}"
    client.bind(own)
    try:
        client.connect("/run/wps-agent/hostapd/wlan0")
        client.send(b"PING")
        print(client.recv(100).decode(), end="")
    except TimeoutError:
        print("no answer")
    finally:
        os.unlink(own)
"""


class Service:
    """Our service, installed."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def __getitem__(self, name: str) -> str:
        """A property of the unit, as `systemctl show` has it."""
        return self.machine.run("systemctl", "show", "-P", name, "wps-agent").strip()

    def control(self, verb: str, code: int = 0) -> None:
        try:
            self.machine.run("systemctl", verb, "wps-agent", code=code)
        except AssertionError as error:
            error.add_note(self.journal())
            raise

    def signal(self, name: str) -> None:
        self.machine.run("systemctl", "kill", "--kill-whom=main", f"--signal={name}", "wps-agent")

    def configure(self, configuration: str = CONFIGURATION) -> None:
        self.machine.write("/etc/wps-agent/wps-agent.toml", configuration)

    def drop_in(self, text: str, name: str = "strict") -> None:
        """Until it is replaced by another of this name; "" takes it away again."""
        self.machine.write(f"/run/systemd/system/wps-agent.service.d/{name}.conf", text)
        self.machine.run("systemctl", "daemon-reload")

    def journal(self, *arguments: str) -> str:
        return self.machine.run("journalctl", "--sync", "--quiet") + self.machine.run(
            "journalctl", "--quiet", "-o", "cat", "-u", "wps-agent", *arguments
        )

    def wait_for(self, name: str, *values: str) -> None:
        """Until a property is one of these."""
        end = time.monotonic() + WITHIN
        while (value := self[name]) not in values:
            assert time.monotonic() < end, f"{name} is {value}, not {values}\n{self.journal()}"

    def wait_for_journal(self, text: str) -> None:
        end = time.monotonic() + WITHIN
        while text not in self.journal():
            assert time.monotonic() < end, f"{text!r} is not in the journal:\n{self.journal()}"


@pytest.fixture(scope="module")
def machine(debian: Debian, package: Path) -> Iterator[Machine]:
    """It has all that the package needs, a broker with a password, two people, and the package as a file."""
    depends = subprocess.run(["dpkg-deb", "-f", package, "Depends"], capture_output=True, text=True, check=True).stdout
    wanted = f"{depends.strip()}, systemd, systemd-sysv, dbus, mosquitto"
    debian.run("apt-get", "-q", "-y", "satisfy", "--no-install-recommends", wanted)
    debian.write("/etc/mosquitto/conf.d/test.conf", BROKER)
    debian.run("mosquitto_passwd", "-b", "-c", "/etc/mosquitto/passwords", "box", SECRETS[1])
    debian.run("chown", "mosquitto", "/etc/mosquitto/passwords", "/etc/mosquitto/conf.d/test.conf")
    for person in ("member", "stranger"):
        debian.run("useradd", "--create-home", person)
    debian.take(package)
    with Machine(debian) as booted:
        booted.run("mkdir", "-p", "/dev/input", "/dev/net")
        booted.run("mknod", "/dev/input/event0", "c", "13", "64")
        booted.run("mknod", "/dev/net/tun", "c", "10", "200")
        yield booted


@pytest.fixture(scope="module")
def installed(machine: Machine, package: Path) -> Service:
    machine.install(f"/srv/{package.name}")
    machine.run("usermod", "-a", "-G", "netdev", "member")
    return Service(machine)


@pytest.fixture
def service(installed: Service) -> Iterator[Service]:
    """It runs, with a journal of its own."""
    installed.machine.write("/etc/credstore/mqtt-password", f"{SECRETS[1]}\n")
    installed.configure()
    installed.drop_in(STRICT)
    installed.machine.run("journalctl", "--rotate", "--vacuum-time=1ms", "--quiet")
    installed.control("restart")
    yield installed
    if installed["LoadState"] == "loaded":  # not purged
        installed.control("stop")
    installed.machine.run("systemctl", "reset-failed")


def test_it_is_enabled_and_waits_for_a_configuration(installed: Service) -> None:
    assert installed.machine.run("systemctl", "is-enabled", "wps-agent") == "enabled\n"
    assert (installed["ActiveState"], installed["ConditionResult"], installed["Result"]) == (
        "inactive",
        "no",
        "success",
    )


def test_it_is_active_once_it_answers(service: Service) -> None:
    assert "MQTT: " in service.machine.run("wps-agent", "status")
    assert (service["ActiveState"], service["StatusText"]) == ("active", "0 of 1 networks up")
    assert service["NRestarts"] == "0"


def test_what_it_keeps_is_for_root_alone(service: Service) -> None:
    folders = ("/etc/wps-agent", "/var/lib/wps-agent", "/run/wps-agent")
    assert service.machine.run("stat", "-c", "%a %U %n", *folders).splitlines() == [
        "700 root /etc/wps-agent",
        "700 root /var/lib/wps-agent",
        "755 root /run/wps-agent",
    ]


def test_a_start_that_cannot_be_is_a_failed_start(service: Service) -> None:
    service.configure(CONFIGURATION.replace("netdev", "no-such-group"))
    service.control("restart", code=1)
    assert "there is no group 'no-such-group'" in service.journal("-p", "err")
    service.configure()
    service.wait_for("ActiveState", "active")


def test_the_broker_is_told_the_password_that_systemd_hands_over(service: Service) -> None:
    assert service.machine.run("cat", "/run/credentials/wps-agent.service/mqtt-password") == f"{SECRETS[1]}\n"
    service.wait_for_journal("broker connected")
    assert "MQTT: connected to 127.0.0.1:1883" in service.machine.run("wps-agent", "status")
    assert "broker: 127.0.0.1:1883 takes us as box" in service.machine.run("wps-agent", "doctor", code=1)


def test_without_a_credential_the_password_is_beside_the_configuration(service: Service) -> None:
    service.machine.run("mv", "/etc/credstore/mqtt-password", "/etc/wps-agent/mqtt-password")
    service.control("restart")
    service.wait_for_journal("broker connected")
    service.machine.run("rm", "/etc/wps-agent/mqtt-password")


def test_an_encrypted_credential_does_as_well(service: Service) -> None:
    service.machine.run("rm", "/etc/credstore/mqtt-password")
    service.machine.run("mkdir", "-p", "-m", "700", "/etc/credstore.encrypted")
    encrypt = ("systemd-creds", "encrypt", "--with-key=host", "--name=mqtt-password", "-")
    service.machine.run(*encrypt, "/etc/credstore.encrypted/mqtt-password", text=SECRETS[1])
    service.drop_in("[Service]\nLoadCredentialEncrypted=mqtt-password\n", "encrypted")
    service.control("restart")
    service.wait_for_journal("broker connected")
    service.drop_in("", "encrypted")
    service.machine.run("rm", "/etc/credstore.encrypted/mqtt-password")


def test_a_reload_goes_on_in_the_same_process(service: Service) -> None:
    before = service["MainPID"]
    service.configure(CONFIGURATION.replace('"home"', '"moved"'))
    service.control("reload")
    service.wait_for_journal("configuration reloaded")
    assert "'moved'" in service.machine.run("wps-agent", "status")
    assert service["MainPID"] == before


def test_a_reload_of_a_wrong_file_fails_and_changes_nothing(service: Service) -> None:
    before = service["MainPID"]
    service.configure(CONFIGURATION + "colour = 1\n")
    service.control("reload", code=1)
    assert "is not taken: /etc/wps-agent/wps-agent.toml: mqtt.colour" in service.journal("-p", "err")
    assert "'home'" in service.machine.run("wps-agent", "status")
    assert (service["MainPID"], service["ActiveState"]) == (before, "active")


def test_one_that_is_killed_comes_back(service: Service) -> None:
    service.signal("KILL")
    service.wait_for("NRestarts", "1")
    service.wait_for("ActiveState", "active")
    assert "MQTT: " in service.machine.run("wps-agent", "status")


def test_one_that_hangs_is_killed_says_where_and_comes_back(service: Service) -> None:
    service.signal("STOP")
    service.wait_for("NRestarts", "1")
    service.wait_for("ActiveState", "active")
    journal = service.journal()
    assert "Failed with result 'watchdog'" in journal
    assert "most recent call first" in journal


def test_the_journal_knows_how_bad_it_is_and_no_secrets(service: Service) -> None:
    service.wait_for_journal("broker connected")
    assert "broker connected" not in service.journal("-p", "warning")
    assert "access point failed: interface=wlan0" in service.journal("-p", "warning")
    everything = service.machine.run("journalctl", "--quiet", "-o", "export")
    assert "access point failed" in everything
    assert not [secret for secret in SECRETS if secret in everything]


def test_members_of_the_group_may_give_commands_and_nobody_else(service: Service) -> None:
    assert "MQTT: " in service.machine.run("wps-agent", "status", user="member")
    service.machine.run("wps-agent", "status", user="stranger", code=1)
    service.machine.run("wps-agent", "status", user="nobody", code=1)


def test_programs_of_hostapd_are_answered_where_they_let_the_agent_or_it_may_all_the_same(service: Service) -> None:
    service.machine.write("/srv/client.py", CLIENT)
    service.machine.run("chmod", "644", "/srv/client.py")
    ask = ("python3", "/srv/client.py")
    assert service.machine.run(*ask, "0", user="member") == "PONG\n"
    assert service.machine.run(*ask, "022") == "PONG\n"
    assert service.machine.run(*ask, "022", user="member") == "no answer\n"
    service.drop_in(OTHER_USERS.read_text(), "other-users")
    service.control("restart")
    assert service.machine.run(*ask, "022", user="member") == "PONG\n"
    service.drop_in("", "other-users")


def test_a_run_in_memory_lives_within_the_limits(service: Service) -> None:
    """Cryptography, sockets and files of a whole run: nothing that the unit forbids is asked for."""
    run = "ExecStart=\nExecStart=/usr/bin/wps-agent run --simulate"
    service.drop_in(f"{STRICT}Type=oneshot\nRestart=no\nWatchdogSec=0\n{run}\n")
    service.control("restart")
    assert "is on the network" in service.journal()


def test_the_limits_hold(service: Service) -> None:
    service.machine.write("/srv/probe.py", PROBE)
    run = "ExecStart=\nExecStart=/usr/bin/python3 /srv/probe.py\nStandardOutput=truncate:/run/probed"
    service.drop_in(f"[Service]\nType=oneshot\nRestart=no\nWatchdogSec=0\n{run}\n")
    service.control("restart")
    assert service.machine.run("cat", "/run/probed") == PROBED
    service.machine.run("systemd-analyze", "security", "--threshold=30", "wps-agent")


def test_its_end_leaves_nothing_running_and_no_sockets(service: Service) -> None:
    before = service["MainPID"]
    service.control("stop")
    assert (service["ActiveState"], service["Result"]) == ("inactive", "success")
    assert "agent stopping" in service.journal()
    assert not {path for path in service.machine.files() if path.startswith(("/run/wps", "/run/credentials", "/tmp"))}
    service.machine.run("test", "-e", f"/proc/{before}", code=1)


def test_what_somebody_disabled_stays_so_and_a_purge_leaves_nothing(service: Service, package: Path) -> None:
    machine, install = service.machine, ("dpkg", "-i", f"/srv/{package.name}")
    machine.run("dpkg", "-r", "wps-agent")
    assert machine.run("systemctl", "is-active", "wps-agent", code=3) == "inactive\n"
    machine.run(*install)
    assert (service["UnitFileState"], service["ActiveState"]) == ("enabled", "active")
    machine.run("systemctl", "disable", "--now", "wps-agent")
    machine.run("dpkg", "-r", "wps-agent")
    machine.run(*install)
    assert (service["UnitFileState"], service["ActiveState"]) == ("disabled", "inactive")
    machine.run("rm", "-r", "/run/systemd/system/wps-agent.service.d")
    machine.run("dpkg", "-P", "wps-agent")
    assert not machine.files()
