# SPDX-License-Identifier: BSD-3-Clause
"""Adds up JUnit reports of pytest: prints "N passed, N failed", exits 1 if any test failed or none passed.

A report named X-again.xml is of the tests that failed in X.xml, run once more: its result is theirs.
"""

import re
import sys
from pathlib import Path


def count(report: str) -> tuple[int, int, int]:
    """The tests of one report: passed, failed (or in error), skipped."""
    totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in re.findall(r"<testsuite [^>]*>", report):
        for name, value in re.findall(r'\b(tests|failures|errors|skipped)="(\d+)"', suite):
            totals[name] += int(value)
    failed = totals["failures"] + totals["errors"]
    return totals["tests"] - failed - totals["skipped"], failed, totals["skipped"]


def main(paths: list[str]) -> int:
    counts = []
    for path in map(Path, paths):
        passed, failed, skipped = count(path.read_text())
        is_superseded = str(path.with_name(f"{path.stem}-again.xml")) in paths
        counts.append((passed, 0 if is_superseded else failed, skipped))
    passed, failed, skipped = (sum(column) for column in zip((0, 0, 0), *counts, strict=True))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
