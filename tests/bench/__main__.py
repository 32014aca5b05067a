# SPDX-License-Identifier: BSD-3-Clause
"""make bench: ours and theirs side by side, as a table and as build/bench.json.

The file is a flat object: name → {ours, theirs, ratio, unit, runs}; ours and theirs are medians,
ratio is ours / theirs.
All but dh_group5 are measured in one guest of the radio lab, where computing is slower than on the host: the ratios
tell more than the figures.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Mapping, Sequence

from tests.bench import dh_group5
from tests.lab.guest import GUEST_RUN_FOLDER, REPOSITORY, Guest, GuestOptions, LabUnavailableError, find_kernel

RESULT = REPOSITORY / "build" / "bench.json"
SAMPLES = "samples.json"

UNITS = {
    "ap_press_to_connected": "s",
    "ap_eap_wsc_exchange": "ms",
    "ap_rss": "MiB",
    "ap_cpu": "ms",
    "startup_to_beaconing": "s",
    "dh_group5": "ms",
}
"""ap_cpu: processor time of the access point from the press to CONNECTED; startup_to_beaconing: to the first beacon."""

Samples = Mapping[str, Mapping[str, Sequence[float]]]


def measure_in_lab(runs: int, kinds: Sequence[str]) -> Samples:
    """Run tests.bench.measure in a guest; raises LabUnavailableError, or SystemExit with the guest's last words."""
    target = GUEST_RUN_FOLDER / SAMPLES
    command = [sys.executable, "-m", "tests.bench.measure", str(runs), str(target), *kinds]
    options = GuestOptions(radios=2, time_limit=120.0 * runs)
    with Guest(find_kernel(), command, options, output=sys.stderr.buffer) as guest:
        guest.wait()
        if guest.exit_status != 0:
            raise SystemExit(guest.post_mortem())
        samples: Samples = json.loads((guest.run_folder / SAMPLES).read_text())
        return samples


def summarize(samples: Samples) -> dict[str, dict[str, float | str | int | None]]:
    """The content of build/bench.json; what was not measured is null."""
    return {name: _summary(samples[name], unit) for name, unit in UNITS.items() if name in samples}


def _summary(kinds: Mapping[str, Sequence[float]], unit: str) -> dict[str, float | str | int | None]:
    ours, theirs = (statistics.median(kinds[kind]) if kind in kinds else None for kind in ("ours", "theirs"))
    return {
        "ours": None if ours is None else round(ours, 3),
        "theirs": None if theirs is None else round(theirs, 3),
        "ratio": None if ours is None or theirs is None else round(ours / theirs, 3),
        "unit": unit,
        "runs": min(len(values) for values in kinds.values()),
    }


def table(summary: Mapping[str, Mapping[str, object]]) -> str:
    """The same for people."""
    columns = ("ours", "theirs", "ratio", "unit", "runs")
    lines = [f"{'':24}" + "".join(f"{column:>10}" for column in columns)]
    for name, row in summary.items():
        lines.append(f"{name:24}" + "".join(f"{'-' if row[c] is None else str(row[c]):>10}" for c in columns))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="runs of each access point; the medians of them count")
    parser.add_argument("--only", choices=("ours", "theirs"), help="measure only one side in the lab")
    given = parser.parse_args(arguments)
    kinds = [given.only] if given.only else ["ours", "theirs"]
    try:
        samples = measure_in_lab(given.runs, kinds)
    except LabUnavailableError as error:
        raise SystemExit(str(error)) from None
    summary = summarize({**samples, "dh_group5": dh_group5.measure(given.runs)})
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(summary, indent=2) + "\n")
    print(table(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
