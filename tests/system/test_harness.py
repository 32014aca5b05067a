# SPDX-License-Identifier: BSD-3-Clause
"""The lab's test harness and CI's sum, without a lab: a shell script stands in for the kernel, on the host."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

KERNEL = """#!/bin/bash
# Understands labrun=DIR and con1=fd:N,fd:N as the lab's kernel and init do, and splits at spaces as the kernel does.
for word in $*; do
  case $word in
    labrun=*) run=${word#labrun=} ;;
    con1=fd:*) console=${word##*:} ;;
    init=* | dtb=*) [ -f "${word#*=}" ] || { echo "no ${word#*=}"; exit 1; } ;;
  esac
done
sed -i "s|/run/host|$run|; s|/run/pytest|$run/pytest|" "$run/start"
echo "[ 0.1] kernel speaking"
bash "$run/start" >&"$console" 2>&1
status=$?
if [ $status = 99 ]; then kill -9 $$; fi
echo $status >"$run/rc"
"""

SAMPLE = """
import os, pytest

LAB = {"radios": 2, "time_limit": 20.0}

@pytest.fixture
def broken():
    raise RuntimeError("no fixture today")

@pytest.mark.parametrize("number", [1, 2])
def test_number(number):
    print("said by", number)
    assert number == 1

def test_in_error(broken):
    pass

def test_skipped():
    pytest.skip("not in this guest")

def test_leaves():
    os._exit(99)

def test_after():
    pass
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with nothing but the harness, one module of lab tests, and a kernel; its path has a space."""
    folder = tmp_path / "my project"
    lab = folder / "tests" / "lab"
    shutil.copytree(REPOSITORY / "tests" / "lab", lab, ignore=shutil.ignore_patterns("test_*", "__pycache__"))
    (lab / "test_lab_sample.py").write_text(SAMPLE)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\naddopts = --import-mode=importlib -ra\n")
    kernel = folder / "kernel"
    kernel.mkdir()
    (kernel / "linux").write_text(KERNEL)
    (kernel / "linux").chmod(0o755)
    (kernel / "init").touch()
    (kernel / "lab.dtb").touch()
    return folder


def run_pytest(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(("WPS_LAB", "COV_CORE", "PYTEST"))
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=project,
        env={**variables, "WPS_LAB_KERNEL": str(project / "kernel" / "linux"), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_outcomes_of_the_guest_are_replayed_with_tracebacks_and_output(project: Path) -> None:
    done = run_pytest(project, "-k", "number or error or skipped")
    assert "1 failed, 1 passed, 1 skipped, 2 deselected, 1 error" in done.stdout
    assert "assert 2 == 1" in done.stdout
    assert "said by 2" in done.stdout
    assert "said by 1" not in done.stdout
    assert "no fixture today" in done.stdout
    assert "not in this guest" in done.stdout
    assert done.returncode == 1


def test_a_guest_that_dies_fails_the_tests_it_still_owed_and_shows_its_consoles(project: Path) -> None:
    done = run_pytest(project, "-k", "leaves or after")
    assert "2 failed" in done.stdout
    assert "the guest died" in done.stdout
    assert "[ 0.1] kernel speaking" in done.stdout
    assert "--- the guest's console, last lines ---\n=" in done.stdout
    assert "the guest had ended before this test" in done.stdout


def test_a_guest_that_overruns_its_time_is_killed(project: Path) -> None:
    slow = "import threading\nLAB = {'time_limit': 1.5}\ndef test_hangs():\n    threading.Event().wait(60)\n"
    (project / "tests/lab/test_lab_slow.py").write_text(slow)
    done = run_pytest(project, "tests/lab/test_lab_slow.py")
    assert "the guest overran its time limit and was killed" in done.stdout
    assert "1 failed" in done.stdout


def test_the_first_failure_stops_where_that_is_asked_for(project: Path) -> None:
    done = run_pytest(project, "-x")
    assert "1 failed, 1 passed" in done.stdout


def test_node_ids_select(project: Path) -> None:
    done = run_pytest(project, "tests/lab/test_lab_sample.py::test_number[1]")
    assert "1 passed" in done.stdout
    assert done.returncode == 0


def test_two_modules_can_run_at_the_same_time(project: Path) -> None:
    (project / "tests/lab/test_lab_other.py").write_text("def test_other():\n    pass\n")
    done = run_pytest(project, "-k", "other or number", WPS_LAB_GUESTS="2")
    assert "1 failed, 2 passed" in done.stdout


def test_a_module_that_the_guest_cannot_import_says_why(project: Path) -> None:
    bad = "import os\nassert 'WPS_LAB_REPORTS' not in os.environ, 'only there'\ndef test_one():\n    pass\n"
    (project / "tests/lab/test_lab_bad.py").write_text(bad)
    done = run_pytest(project, "tests/lab/test_lab_bad.py")
    assert "only there" in done.stdout
    assert "1 failed" in done.stdout


def test_an_unknown_option_of_a_module_is_named(project: Path) -> None:
    (project / "tests/lab/test_lab_odd.py").write_text("LAB = {'radius': 2}\ndef test_one():\n    pass\n")
    done = run_pytest(project, "tests/lab/test_lab_odd.py")
    assert "radius" in done.stdout + done.stderr
    assert done.returncode != 0


def test_without_a_kernel_the_lab_is_skipped_with_the_way_out(project: Path) -> None:
    done = run_pytest(project, "-k", "number", WPS_LAB_KERNEL="/nowhere/linux")
    assert "2 skipped" in done.stdout
    assert "`make lab` builds one" in done.stdout
    assert done.returncode == 0


def test_without_a_kernel_a_required_lab_fails(project: Path) -> None:
    done = run_pytest(project, "-k", "number", WPS_LAB_KERNEL="/nowhere/linux", WPS_LAB_REQUIRED="1")
    assert "2 failed" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("suites", "line", "status"),
    [
        (
            ['errors="0" failures="0" skipped="1" tests="5"', 'errors="0" failures="0" skipped="0" tests="2"'],
            "6 passed, 0 failed, 1 skipped",
            0,
        ),
        (['errors="1" failures="2" skipped="0" tests="9"'], "6 passed, 3 failed", 1),
        ([], "0 passed, 0 failed", 1),
    ],
)
def test_sum_adds_reports_up(tmp_path: Path, suites: list[str], line: str, status: int) -> None:
    reports = [tmp_path / f"{number}.xml" for number, _ in enumerate(suites)]
    for report, suite in zip(reports, suites, strict=True):
        report.write_text(f'<testsuites name="x"><testsuite name="pytest" {suite} time="1"></testsuite></testsuites>')
    done = subprocess.run(
        [sys.executable, REPOSITORY / ".ci" / "sum.py", *reports], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == line
    assert done.returncode == status


def test_sum_takes_the_second_try_for_what_failed_in_the_first(tmp_path: Path) -> None:
    suites = {"lab": 'errors="1" failures="1" skipped="0" tests="9"', "lab-again": 'errors="0" failures="1" tests="2"'}
    for name, suite in suites.items():
        (tmp_path / f"{name}.xml").write_text(f'<testsuite name="pytest" {suite}></testsuite>')
    command: list[str | Path] = [sys.executable, REPOSITORY / ".ci" / "sum.py", *sorted(tmp_path.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "8 passed, 1 failed"
    assert done.returncode == 1
