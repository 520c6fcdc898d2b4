"""Prints what the program costs against its budgets: `python -m benchmarks [NAME ...]`.

Nothing here fails because something is slow; the exit status is 1 where something could not be
measured. It needs Linux.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from benchmarks import (
    diagnosis,
    epochs,
    first_step,
    history,
    keys,
    live,
    monitors,
    programs,
    screen_cost,
    start,
    sweep_overhead,
    watching,
)
from benchmarks.figures import NotMeasuredError, Outcome, table, to_json
from benchmarks.quiet import BUSY_PCT, wait_for_quiet
from runners.paths import HISTORY_VARIABLE

_QUIET_LIMIT_S = 20.0


class Measure(Protocol):
    """A benchmark; its docstring says what it compares."""

    def __call__(self, *, quick: bool) -> Outcome:
        """Measure; `quick` only shows that it works."""


CATALOGUE: Mapping[str, Measure] = {
    "start": start.measure,
    "idle": screen_cost.measure_idle,
    "streaming": screen_cost.measure_streaming,
    "keys": keys.measure,
    "monitors": monitors.measure,
    "looks": monitors.measure_looks,
    "processes": monitors.measure_processes,
    "watching": watching.measure,
    "live": live.measure,
    "history": history.measure,
    "history-screen": history.measure_screen,
    "plain": epochs.measure_plain,
    "phases": epochs.measure_phase_timing,
    "tuned": epochs.measure_tuned,
    "tuned-others": epochs.measure_tuned_others,
    "fastest": epochs.measure_fastest,
    "sweep": sweep_overhead.measure,
    "first-step": first_step.measure,
    "diagnosis": diagnosis.measure,
    "looks-beside": diagnosis.measure_looks,
}
_HOW_TO_READ = (
    "A figure is the median of its n values, or the quantile its name says; a result is unclear "
    "where the 95 % interval holds the budget."
)
_ENVIRONMENT = f"""\
  {programs.NVML_VARIABLE}    a folder with a simulated libnvidia-ml.so.1
  {monitors.NVTOP_VARIABLE}   nvtop, where it is not on the PATH
  {monitors.NVITOP_VARIABLE}  nvitop, where it is not on the PATH"""
_ALSO = "torch in the parent process: never imported; tests/test_import_hygiene.py shows it."


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks named, or all, and return the exit status."""
    options = _parse(arguments)
    names = options.names or list(CATALOGUE)
    try:
        machine = programs.machine()
    except NotMeasuredError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="racetop-bench-") as folder:
        # What is raced here is kept as everywhere, but where it is in nobody's way.
        os.environ[HISTORY_VARIABLE] = str(Path(folder) / "history.sqlite")
        outcomes: dict[str, Outcome] = {}
        report = ""
        for remarks in _measure(names, outcomes, quick=options.quick):
            report = _report(machine, outcomes, remarks)
            if options.out is not None:
                # After each: the whole takes long, and what is measured is not to be lost.
                _write(options.out, machine, report, outcomes)
    print(report)
    return int(len(outcomes) < len(names))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    about = "\n".join(f"  {name:10} {inspect.getdoc(CATALOGUE[name])}" for name in CATALOGUE)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Prints what the program costs against its budgets.",
        epilog=f"names:\n{about}\n\nenvironment:\n{_ENVIRONMENT}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure; all by default")
    parser.add_argument("--quick", action="store_true", help="few rounds: shows that it works")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="write the table and all raw numbers there"
    )
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in CATALOGUE:
            parser.error(f"no benchmark '{name}'; there are: {', '.join(CATALOGUE)}")
    return options


def _measure(
    names: Sequence[str], outcomes: dict[str, Outcome], *, quick: bool
) -> Iterator[list[str]]:
    """Fills in what was found; after each, what to remark. Ctrl-C keeps what is done."""
    remarks = ["Few rounds: this shows that it works, and no more."] if quick else []
    for name in names:
        try:
            busy_pct = wait_for_quiet(_QUIET_LIMIT_S)
            if busy_pct > BUSY_PCT:
                remarks.append(f"{name}: other programs kept {busy_pct:.0f} % of the cores busy.")
            _progress(f"{name}: {inspect.getdoc(CATALOGUE[name])}")
            start_s = time.monotonic()
            outcomes[name] = CATALOGUE[name](quick=quick)
            _progress(f"{name}: took {time.monotonic() - start_s:.0f} s")
            remarks += [f"{name}: {note}" for note in outcomes[name].notes]
        except NotMeasuredError as error:
            remarks.append(f"{name}: not measured: {error}")
        except KeyboardInterrupt:
            remarks.append(f"Interrupted in {name}.")
            yield remarks
            return
        yield remarks


def _report(
    machine: Mapping[str, str], outcomes: Mapping[str, Outcome], remarks: Sequence[str]
) -> str:
    figures = [figure for outcome in outcomes.values() for figure in outcome.figures]
    parts = ["\n".join(f"- {name}: {value}" for name, value in machine.items())]
    if figures:
        parts.append(table(figures))
    parts += [outcome.text for outcome in outcomes.values() if outcome.text]
    parts.append("\n".join(f"- {remark}" for remark in [*remarks, _HOW_TO_READ, _ALSO]))
    return "\n\n".join(parts)


def _write(
    folder: Path, machine: Mapping[str, str], report: str, outcomes: Mapping[str, Outcome]
) -> None:
    document: dict[str, Any] = {
        "machine": machine,
        "benchmarks": {
            name: {
                "figures": [to_json(figure) for figure in outcome.figures],
                "notes": outcome.notes,
                "raw": outcome.raw,
            }
            for name, outcome in outcomes.items()
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.md").write_text(f"{report}\n", encoding="utf-8")
    (folder / "results.json").write_text(f"{json.dumps(document, indent=1)}\n", encoding="utf-8")


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
