# SPDX-License-Identifier: BSD-3-Clause
"""Programs run on what happens to an interface: real small scripts, one after the other, ended when they get stuck."""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from wpsagent.io import hook as module
from wpsagent.io.hook import Hook, environment

SHORT = 0.3
LONG = 20.0


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(int(LONG * 100)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class Programs:
    """Scripts in a folder, and the file that they write to."""

    def __init__(self, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
        self.folder = folder
        self.heard = folder / "heard"
        self._caplog = caplog
        caplog.set_level(logging.INFO, module.__name__)

    def script(self, body: str, name: str = "program", mode: int = 0o755) -> str:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(mode)
        return str(path)

    @property
    def lines(self) -> list[str]:
        return self.heard.read_text().splitlines() if self.heard.exists() else []

    @property
    def log(self) -> list[str]:
        """Level and text, without the folder."""
        return [f"{r.levelname} {r.getMessage()}".replace(f"{self.folder}/", "") for r in self._caplog.records]

    async def until_heard(self, count: int) -> None:
        await until(lambda: len(self.lines) >= count)


@pytest.fixture
def programs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Programs:
    return Programs(tmp_path, caplog)


def run(hook: Callable[[], Hook], scene: Callable[[Hook], Coroutine[object, object, None]]) -> None:
    async def whole() -> None:
        made = hook()
        try:
            async with asyncio.timeout(LONG):
                await scene(made)
        finally:
            await made.close()

    asyncio.run(whole())


def is_alive(pid: int) -> bool:
    """Running, and not only waiting to be reaped by whoever inherited it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_program_gets_interface_and_event_and_what_belongs_to_them(programs: Programs) -> None:
    program = programs.script(f'echo "$#:$*:$WPA_ID" >>{programs.heard}')

    async def scene(hook: Hook) -> None:
        hook.call("CONNECTED", environment={"WPA_ID": "3"})
        hook.call("WPS-FAIL", "msg=8", "config_error=18; touch $HOME")
        await hook.idle()

    run(lambda: Hook("wlan1", [program]), scene)
    assert programs.lines == ["2:wlan1 CONNECTED:3", "4:wlan1 WPS-FAIL msg=8 config_error=18; touch $HOME:"]
    assert programs.log == ["INFO wlan1: program CONNECTED: done", "INFO wlan1: program WPS-FAIL: done"]


def test_events_and_programs_run_one_at_a_time_in_order(programs: Programs) -> None:
    body = f'echo "{{}} $2" >>{programs.heard}; sleep 0.05; echo "{{}} $2 end" >>{programs.heard}'
    paths = [programs.script(body.format(name, name), name) for name in ("first", "second")]

    async def scene(hook: Hook) -> None:
        for event in ("CONNECTED", "DISCONNECTED", "CONNECTED"):
            hook.call(event)
        await hook.idle()

    run(lambda: Hook("wlan1", paths), scene)
    assert programs.lines == [
        f"{name} {event}{end}"
        for event in ("CONNECTED", "DISCONNECTED", "CONNECTED")
        for name in ("first", "second")
        for end in ("", " end")
    ]


def test_what_a_program_says_is_logged_and_cleaned_and_a_failure_is_a_warning(programs: Programs) -> None:
    program = programs.script("printf 'one\\033[1m\\ntwo' >&2; exit 7")

    async def scene(hook: Hook) -> None:
        hook.call("CONNECTED")
        await hook.idle()

    run(lambda: Hook("wlan1", [program]), scene)
    assert sorted(programs.log) == [
        "INFO wlan1: program CONNECTED: one�[1m",
        "INFO wlan1: program CONNECTED: two",
        "WARNING wlan1: program CONNECTED: ended with 7",
    ]


def test_long_lines_are_cut_and_many_lines_are_left_out(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LINE_OCTETS", 10)
    monkeypatch.setattr(module, "_LINES", 3)
    program = programs.script("printf 'abcdefghijklmnopq'; sleep 0.1; printf '\\n2\\n3\\n4\\n5'")

    async def scene(hook: Hook) -> None:
        hook.call("CONNECTED")
        await hook.idle()

    run(lambda: Hook("wlan1", [program]), scene)
    said = [line for line in programs.log if "done" not in line]
    assert len(said) == 4
    assert said[0] == "INFO wlan1: program CONNECTED: abcdefghij"
    assert said[-1] == "WARNING wlan1: program CONNECTED: says too much: the rest is left out"


def test_a_stuck_program_and_its_children_are_ended_and_the_next_event_runs(programs: Programs) -> None:
    started = f"sleep 60 & echo $! >>{programs.heard}; wait"
    program = programs.script(f'[ $2 = CONNECTED ] || {{ echo "$2" >>{programs.heard}; exit; }}; {started}')

    async def scene(hook: Hook) -> None:
        hook.call("CONNECTED")
        hook.call("DISCONNECTED")
        await hook.idle()

    run(lambda: Hook("wlan1", [program], time_limit=SHORT, grace=SHORT), scene)
    child, event = programs.lines
    assert event == "DISCONNECTED"
    assert not is_alive(int(child))
    assert programs.log[0] == "WARNING wlan1: program CONNECTED: not done after 0.3 s: ended"


def test_a_program_that_ignores_the_polite_signal_is_killed(programs: Programs) -> None:
    program = programs.script(f"trap '' TERM; echo $$ >>{programs.heard}; while :; do sleep 0.05; done")

    async def scene(hook: Hook) -> None:
        hook.call("CONNECTED")
        await hook.idle()

    run(lambda: Hook("wlan1", [program], time_limit=SHORT, grace=SHORT), scene)
    assert not is_alive(int(programs.lines[0]))
    assert "not done after" in programs.log[-1]


def test_a_program_that_dies_of_a_signal_is_told_so(programs: Programs) -> None:
    program = programs.script("kill -KILL $$")

    async def scene(hook: Hook) -> None:
        hook.call("CONNECTED")
        await hook.idle()

    run(lambda: Hook("wlan1", [program]), scene)
    assert programs.log == ["WARNING wlan1: program CONNECTED: ended by signal 9"]


def test_what_cannot_be_run_is_told_and_the_others_run(programs: Programs) -> None:
    paths = [
        str(programs.folder / "missing"),
        programs.script("exit 0", "plain", 0o644),
        programs.script(f'echo "$2" >>{programs.heard}'),
    ]

    async def scene(hook: Hook) -> None:
        hook.call("CONNECTED")
        await hook.idle()

    run(lambda: Hook("wlan1", paths), scene)
    assert programs.lines == ["CONNECTED"]
    assert programs.log[:2] == [
        "WARNING wlan1: missing CONNECTED: cannot be run: No such file or directory",
        "WARNING wlan1: plain CONNECTED: cannot be run: Permission denied",
    ]


def test_a_nul_in_a_value_is_told_and_the_next_event_runs(programs: Programs) -> None:
    program = programs.script(f'echo "$2" >>{programs.heard}')

    async def scene(hook: Hook) -> None:
        hook.call("CONNECTED", environment={"WPA_ID_STR": "a\0b"})
        hook.call("DISCONNECTED")
        await hook.idle()

    run(lambda: Hook("wlan1", [program]), scene)
    assert programs.lines == ["DISCONNECTED"]
    assert programs.log[0] == "WARNING wlan1: program CONNECTED: cannot be run: embedded null byte"


def test_a_bug_of_ours_leaves_no_later_event_out(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    program = programs.script(f'echo "$2" >>{programs.heard}')
    answers = [environment()]

    def answer() -> dict[str, str]:
        answers.append({})
        return answers[-3]  # there is none the first time

    monkeypatch.setattr(module, "environment", answer)

    async def scene(hook: Hook) -> None:
        hook.call("CONNECTED")
        hook.call("DISCONNECTED")
        await hook.idle()

    run(lambda: Hook("wlan1", [program]), scene)
    assert programs.lines == ["DISCONNECTED"]


def test_no_descriptor_and_nothing_private_of_our_environment_is_inherited(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "do not tell")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    program = programs.script(f"env >{programs.heard}; ls /proc/$$/fd | tr '\\n' ' '; pwd; read -r line || echo empty")
    ours = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(ours, True)

    async def scene(hook: Hook) -> None:
        hook.call("CONNECTED", environment={"WPA_ID": "0"})
        await hook.idle()

    run(lambda: Hook("wlan1", [program]), scene)
    os.close(ours)
    names = {line.partition("=")[0] for line in programs.lines}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {"WPA_ID", *environment()}
    assert "TZ" in names
    descriptors = programs.log[0].removeprefix("INFO wlan1: program CONNECTED: ").split()[:-1]
    assert set(descriptors) <= {"0", "1", "2", "10"}  # 10: the shell's own, on the script
    assert programs.log[0].endswith(" /")
    assert programs.log[1] == "INFO wlan1: program CONNECTED: empty"


def test_without_a_path_there_is_a_sensible_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATH")
    assert environment()["PATH"] == "/usr/sbin:/usr/bin:/sbin:/bin"


def test_too_many_waiting_events_lose_the_oldest_and_keep_the_last(programs: Programs) -> None:
    program = programs.script(f'echo "$2" >>{programs.heard}')
    count = module.WAITING_LIMIT + 3

    async def scene(hook: Hook) -> None:
        for number in range(count):
            hook.call(f"EVENT-{number}")
        await hook.idle()

    run(lambda: Hook("wlan1", [program]), scene)
    assert programs.lines == [f"EVENT-{number}" for number in range(3, count)]
    assert programs.log[:3] == [
        f"WARNING wlan1: the programs are too slow: EVENT-{number} is left out" for number in range(3)
    ]


def test_a_daemon_outlives_its_program_which_is_done_at_once_and_is_still_heard(programs: Programs) -> None:
    daemon = programs.script(
        f"echo $$ >>{programs.heard}; sleep 0.3; echo later; echo said >>{programs.heard}", "daemon"
    )
    program = programs.script(f'setsid {daemon} & echo "started"')

    async def scene(hook: Hook) -> None:
        hook.call("CONNECTED")
        await hook.idle()
        assert programs.log[-1] == "INFO wlan1: program CONNECTED: done"
        await programs.until_heard(2)
        await until(lambda: "INFO wlan1: program CONNECTED: later" in programs.log)

    run(lambda: Hook("wlan1", [program]), scene)


def test_daemons_beyond_number_are_no_longer_listened_to(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_OUTPUTS", 1)
    program = programs.script(f"setsid sleep 60 & echo $! >>{programs.heard}")
    before = open_descriptors()
    counts = []

    async def scene(hook: Hook) -> None:
        for _ in range(3):
            hook.call("CONNECTED")
            await hook.idle()
            counts.append(open_descriptors())

    run(lambda: Hook("wlan1", [program]), scene)
    for pid in programs.lines:
        os.kill(int(pid), 9)
    assert counts[0] == counts[1] == counts[2]
    assert open_descriptors() == before


def test_closing_lets_the_last_event_run(programs: Programs) -> None:
    program = programs.script(f'sleep 0.05; echo "$2" >>{programs.heard}')

    async def scene(hook: Hook) -> None:
        hook.call("CONNECTED")
        hook.call("DISCONNECTED")
        await hook.close()
        hook.call("CONNECTED")
        await hook.idle()

    run(lambda: Hook("wlan1", [program]), scene)
    assert programs.lines == ["CONNECTED", "DISCONNECTED"]


def test_closing_ends_what_is_stuck(programs: Programs) -> None:
    program = programs.script(f"echo $$ >>{programs.heard}; exec sleep 60")

    async def scene(hook: Hook) -> None:
        hook.call("CONNECTED")
        hook.call("DISCONNECTED")
        await programs.until_heard(1)
        await hook.close(SHORT)

    run(lambda: Hook("wlan1", [program], grace=SHORT), scene)
    assert len(programs.lines) == 1
    assert not is_alive(int(programs.lines[0]))
    assert programs.log == ["WARNING wlan1: the programs are not done after 0.3 s: ended"]


def test_closing_what_never_ran_is_nothing(programs: Programs) -> None:
    async def scene(hook: Hook) -> None:
        await hook.idle()

    run(lambda: Hook("wlan1", ["/missing"]), scene)
    assert programs.log == []
