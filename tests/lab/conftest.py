# SPDX-License-Identifier: BSD-3-Clause
"""The host's half of the lab's test harness: tests named test_lab_*.py run inside a guest, one guest for each module.

A module says how its guest is equipped by the fields of tests.lab.guest.GuestOptions, all optional:
LAB = {"radios": 4, "memory": "512M", "time_travel": False, "time_limit": 600.0}.
Its tests are ordinary test functions that run as root.

The first test of a module boots the guest, which runs all selected tests of the module and appends what it reports to
a file; the host replays the reports as they arrive.  A guest that dies or overruns its time limit fails the tests it
still owed.

WPS_LAB_KERNEL names the kernel (else build/lab/linux).  Without one the tests are skipped, or fail where
WPS_LAB_REQUIRED=1.  WPS_LAB_GUESTS=2 lets two modules run at the same time.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from tests.lab import reporter
from tests.lab.guest import (
    GUEST_RUN_FOLDER,
    REPOSITORY,
    Guest,
    GuestOptions,
    Kernel,
    LabUnavailableError,
    find_kernel,
)

REPORTS = "reports.jsonl"
POLL_INTERVAL = 0.05
IS_GUEST = reporter.REPORTS_VARIABLE in os.environ


class ModuleRun:
    """All selected tests of one module in one guest."""

    def __init__(self, kernel: Kernel, items: list[pytest.Item], cpu: int) -> None:
        """Boot the guest; raises pytest.UsageError where the module's LAB is not understood."""
        self._config = items[0].config
        self._guest = Guest(
            kernel,
            [*_guest_pytest(self._config), *(item.nodeid for item in items)],
            _options_of(items[0]),
            environment={
                reporter.REPORTS_VARIABLE: str(GUEST_RUN_FOLDER / REPORTS),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPATH": str(REPOSITORY),
            },
            cpu=cpu,
            output=sys.stderr.buffer if self._config.getoption("capture") == "no" else None,
        )
        self._is_mourned = False
        self._offset = 0
        self._reports: dict[str, list[pytest.TestReport]] = {}
        self._finished: set[str] = set()
        self._errors: list[str] = []

    def reports_of(self, item: pytest.Item) -> Iterator[pytest.TestReport]:
        """The reports of one test, each as soon as the guest has made it; a failed one if the guest ends without."""
        while True:
            has_ended = self._guest.wait(POLL_INTERVAL)
            self._read()
            while self._reports.get(item.nodeid):
                yield self._reports[item.nodeid].pop(0)
            if item.nodeid in self._finished:
                return
            if has_ended:
                yield _failure(item, self._take_obituary())
                return

    def _take_obituary(self) -> str:
        """Why the guest ended early: in full for the first test that asks, in a line for the others."""
        if self._is_mourned:
            return "the guest had ended before this test, see the one before"
        self._is_mourned = True
        return "\n".join([*self._errors, self._guest.post_mortem()])

    def _read(self) -> None:
        path = self._guest.run_folder / REPORTS
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
        complete = new[: new.rfind(b"\n") + 1]
        self._offset += len(complete)
        for line in complete.splitlines():
            self._take(json.loads(line))

    def _take(self, line: dict[str, object]) -> None:
        if "report" in line:
            report = self._config.hook.pytest_report_from_serializable(config=self._config, data=line["report"])
            if isinstance(report.longrepr, list):  # JSON has no tuples, and a skip's place and reason must be one
                report.longrepr = tuple(report.longrepr)
            self._reports.setdefault(report.nodeid, []).append(report)
        elif "finished" in line:
            self._finished.add(str(line["finished"]))
        else:
            self._errors.append(str(line["error"]))

    def close(self) -> None:
        self._guest.close()


class Lab:
    """Runs the lab's modules, up to `guests` at a time, in the order of the session."""

    def __init__(self, guests: int) -> None:
        self._guests = guests
        self._runs: dict[Path, ModuleRun] = {}
        self._booted = 0

    def reports_of(self, item: pytest.Item) -> Iterator[pytest.TestReport]:
        try:
            kernel = find_kernel()
        except LabUnavailableError as error:
            yield _unavailable(item, str(error))
            return
        modules = _modules_from(item)
        for path in list(modules)[: self._guests]:
            if path not in self._runs:
                self._runs[path] = ModuleRun(kernel, modules[path], self._booted)
                self._booted += 1
        yield from self._runs[item.path].reports_of(item)

    def close_module(self, path: Path) -> None:
        """Its last test has been reported."""
        if path in self._runs:
            self._runs.pop(path).close()

    def close(self) -> None:
        while self._runs:
            self._runs.popitem()[1].close()


LAB = pytest.StashKey[Lab]()


def _is_of_the_lab(item: pytest.Item) -> bool:
    return item.path.parent == Path(__file__).parent and item.path.name.startswith("test_lab_")


def _modules_from(first: pytest.Item) -> dict[Path, list[pytest.Item]]:
    """The lab's tests from `first` on, by module."""
    modules: dict[Path, list[pytest.Item]] = {}
    items = first.session.items
    for item in items[items.index(first) :]:
        if _is_of_the_lab(item):
            modules.setdefault(item.path, []).append(item)
    return modules


def _options_of(item: pytest.Item) -> GuestOptions:
    module = item.getparent(pytest.Module)
    given = getattr(module.obj, "LAB", {}) if module else {}
    try:
        return GuestOptions(**given)
    except TypeError as error:
        raise pytest.UsageError(f"{item.path}: LAB: {error}") from None


def _guest_pytest(config: pytest.Config) -> list[str]:
    """The command that runs pytest in the guest as it runs here, as far as it matters to reports."""
    python = sys.executable
    command = [python, "-m", "pytest", "-p", reporter.__name__, "-p", "no:cacheprovider", "--basetemp=/run/pytest"]
    command += [f"--rootdir={config.rootpath}", f"--tb={config.getoption('tbstyle')}"]
    command += [f"--capture={config.getoption('capture')}"]
    command += ["--showlocals"] * bool(config.getoption("showlocals"))
    command += ["-v"] * max(0, config.get_verbosity())
    return command


def _failure(item: pytest.Item, text: str) -> pytest.TestReport:
    keywords = _keywords(item)
    return pytest.TestReport(item.nodeid, item.location, keywords, outcome="failed", longrepr=text, when="call")


def _unavailable(item: pytest.Item, reason: str) -> pytest.TestReport:
    if os.environ.get("WPS_LAB_REQUIRED") == "1":
        return _failure(item, f"the lab is required here (WPS_LAB_REQUIRED=1): {reason}")
    skipped = (str(item.path), item.location[1] or 0, f"Skipped: {reason}")
    keywords = _keywords(item)
    return pytest.TestReport(item.nodeid, item.location, keywords, outcome="skipped", longrepr=skipped, when="setup")


def _keywords(item: pytest.Item) -> dict[str, Literal[1]]:
    return dict.fromkeys(item.keywords, 1)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LAB] = Lab(int(os.environ.get("WPS_LAB_GUESTS", "1")))


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[LAB].close()


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Replay what the guest says of a test of the lab; other tests, and all tests inside a guest, are pytest's."""
    if IS_GUEST or not _is_of_the_lab(item):
        return None
    lab = item.config.stash[LAB]
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in lab.reports_of(item):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    if nextitem is None or nextitem.path != item.path:
        lab.close_module(item.path)
    return True
