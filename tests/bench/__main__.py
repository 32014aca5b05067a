# SPDX-License-Identifier: BSD-3-Clause
"""make bench: ours and theirs side by side, as a table and as build/bench.json.

The file is a flat object: name → {ours, theirs, ratio, unit, runs}; ours and theirs are medians,
ratio is ours / theirs.  {press,pin}_to_connected_A_S is for the access point A and the station S, each ours or theirs;
theirs is there always that of hostapd and wpa_supplicant, and so it is for press_to_connected_fast_ours_ours.
All but dh_group5, scan_decode_…, ctrl_ping_rate, fleet_…, press_to_dashboard and …_native are measured in guests of the
radio lab, where computing is slower than on the host: the ratios tell more than the figures.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Mapping, Sequence

from tests.bench import appliance, control_rate, control_scan_results, dh_group5, fleet, fleet_dashboard, scan_decode
from tests.lab.guest import GUEST_RUN_FOLDER, REPOSITORY, Guest, GuestOptions, LabUnavailableError, find_kernel

RESULT = REPOSITORY / "build" / "bench.json"
SAMPLES = "samples.json"

UNITS = {
    "ap_press_to_connected": "s",
    "ap_eap_wsc_exchange": "ms",
    "ap_rss": "MiB",
    "ap_cpu": "ms",
    "startup_to_beaconing": "s",
    **{
        f"{way}_to_connected_{pair}": "s"
        for way in ("press", "pin")
        for pair in ("ours_ours", "ours_theirs", "theirs_ours", "theirs_theirs")
    },
    "press_to_connected_fast_ours_ours": "s",
    "sta_rss": "MiB",
    "sta_cpu": "ms",
    "press_to_beacon": "ms",
    "press_to_probe_response": "ms",
    "press_to_led": "ms",
    "idle_wakeups_per_minute": "1/min",
    "idle_wakeups_per_minute_gpiozero": "1/min",
    "dh_group5": "ms",
    "scan_decode_1000_bss": "ms",
    "ctrl_ping_rate": "1/s",
    "ctrl_scan_results_200": "ms",
    "ctrl_scan_results_200_native": "ms",
    "fleet_2000_snapshot_s": "s",
    "fleet_2000_press_to_shown_ms": "ms",
    "fleet_2000_cpu": "%",
    "fleet_2000_rss": "MiB",
    "press_to_dashboard": "ms",
    "fleet_2000_dashboard_open_s": "s",
    "fleet_2000_dashboard_press_ms": "ms",
    "fleet_2000_dashboard_cpu": "%",
}
"""ap_cpu, sta_cpu: processor time from the press to CONNECTED; startup_to_beaconing: to the first beacon.

ctrl_ping_rate: commands a second; of it the higher is the better."""

Samples = Mapping[str, Mapping[str, Sequence[float]]]
"""By metric and kind; or by run and phase."""


def measure_in_lab(runs: int, kinds: Sequence[str]) -> tuple[Samples, Samples]:
    """Run tests.bench.measure in a guest; raises LabUnavailableError, or SystemExit with the guest's last words."""
    target = GUEST_RUN_FOLDER / SAMPLES
    command = [sys.executable, "-m", "tests.bench.measure", str(runs), str(target), *kinds]
    options = GuestOptions(radios=3, time_limit=180.0 * runs)
    with Guest(find_kernel(), command, options, output=sys.stderr.buffer) as guest:
        guest.wait()
        if guest.exit_status != 0:
            raise SystemExit(guest.post_mortem())
        found: dict[str, Samples] = json.loads((guest.run_folder / SAMPLES).read_text())
        return found["samples"], found["phases"]


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
    lines = [f"{'':36}" + "".join(f"{column:>10}" for column in columns)]
    for name, row in summary.items():
        lines.append(f"{name:36}" + "".join(f"{'-' if row[c] is None else str(row[c]):>10}" for c in columns))
    return "\n".join(lines)


def break_down(phases: Samples) -> str:
    """Where the time goes from the press to CONNECTED: the median of each phase, in milliseconds."""
    columns = list(next(iter(phases.values())))
    lines = [f"{'ms':36}" + "".join(f"{column:>12}" for column in columns)]
    for name, row in phases.items():
        lines.append(f"{name:36}" + "".join(f"{statistics.median(row[c]) * 1000:12.1f}" for c in columns))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="runs of each pair; the medians of them count")
    parser.add_argument("--only", choices=("ours", "theirs"), help="measure only one kind of access point in the lab")
    given = parser.parse_args(arguments)
    kinds = [given.only] if given.only else ["ours", "theirs"]
    try:
        samples, phases = measure_in_lab(given.runs, kinds)
    except LabUnavailableError as error:
        raise SystemExit(str(error)) from None
    native = {
        "dh_group5": dh_group5.measure(given.runs),
        "scan_decode_1000_bss": scan_decode.measure(given.runs),
        "ctrl_ping_rate": control_rate.measure(given.runs),
        "ctrl_scan_results_200_native": control_scan_results.measure(given.runs),
        **fleet.measure(given.runs),
        **fleet_dashboard.measure(given.runs),
        **appliance.measure(given.runs),
    }
    summary = summarize({**samples, **native})
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(summary, indent=2) + "\n")
    print(table(summary), break_down(phases), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
