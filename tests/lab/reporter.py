# SPDX-License-Identifier: BSD-3-Clause
"""The guest's half of the lab's test harness: tells the host what becomes of each test.

One JSON object a line is appended to the file named by WPS_LAB_REPORTS: {"report": …} for each phase of a test,
{"finished": node id} after its last, {"error": text} for a module that cannot be collected.
"""

import json
import os
from pathlib import Path

import pytest

REPORTS_VARIABLE = "WPS_LAB_REPORTS"


class Reporter:
    """The plugin that the guest's pytest runs with."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        self._config = config
        self._path = path

    def _append(self, **line: object) -> None:
        # The file is opened anew for each line: what a guest writes reaches the host when the file is closed.
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._append(report=self._config.hook.pytest_report_to_serializable(config=self._config, report=report))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._append(finished=nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._append(error=report.longreprtext)


def pytest_configure(config: pytest.Config) -> None:
    """Register the reporter (this module is given to pytest with -p)."""
    config.pluginmanager.register(Reporter(config, Path(os.environ[REPORTS_VARIABLE])), "wps-lab-reporter")
