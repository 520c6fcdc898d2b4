"""Checks on a GPU what the product says of one: `python -m benchmarks.gpu_check [--out FOLDER]`.

It needs CUDA, torch 2.6 or newer with its torchvision, psutil and nvidia-ml-py, Python 3.11 or
newer, and no network; it takes under eight minutes. `--device cpu` rehearses the check itself in
about two minutes on any machine, and measures nothing on a GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.gpu.findings import Setting, StepResult
from benchmarks.gpu.steps import Step, in_own_process, in_this_process, run_all
from benchmarks.gpu.summary import has_passed, to_markdown, to_text
from runners.worker.lifeline import die_with_parent

SCHEMA = "racetop.gpu-check/1"
BUDGET_S = 465.0
DEFAULT_FOLDER = "gpu-check-results"

# The most telling first: what no longer fits into the time is left out. All of them fit where each
# takes what it needs; the planted causes are run even where each before them takes all it may.
STEPS = (
    Step(
        name="device",
        what="torch and the device",
        run="benchmarks.gpu.machine:check_device",
        needs_s=5,
        limit_s=40,
        is_needed=True,
    ),
    Step(
        name="machine",
        what="the machine, by NVML and by torch",
        run="benchmarks.gpu.machine:check_machine",
        needs_s=5,
        limit_s=30,
    ),
    Step(
        name="sensor-cost",
        what="what a look at the GPUs costs",
        run="benchmarks.gpu.sensor_cost:check_sensor_cost",
        needs_s=5,
        limit_s=20,
    ),
    Step(
        name="gpu-fields",
        what="what the GPUs report, and why not the rest",
        run="benchmarks.gpu.card_fields:check_fields",
        needs_s=5,
        limit_s=20,
    ),
    Step(
        name="nvidia-smi",
        what="our readings against those of nvidia-smi",
        run="benchmarks.gpu.nvidia_smi:check_agreement",
        needs_s=10,
        limit_s=45,
    ),
    Step(
        name="race-side-by-side",
        what="CPU against GPU at the same time, recorded",
        run="benchmarks.gpu.race:race_side_by_side",
        needs_s=45,
        limit_s=130,
    ),
    Step(
        name="causes",
        what="planted causes, named by the diagnosis",
        run="benchmarks.gpu.causes:check_causes",
        needs_s=110,
        limit_s=175,
    ),
    Step(
        name="phases",
        what="phases by events against synchronized timing",
        run="benchmarks.gpu.phases:check_phases",
        needs_s=50,
        limit_s=120,
    ),
    Step(
        name="phase-timing-cost",
        what="phase timing on against off",
        run="benchmarks.gpu.phases:check_overhead",
        needs_s=20,
        limit_s=60,
    ),
    Step(
        name="data-wait",
        what="a planted wait for data",
        run="benchmarks.gpu.phases:check_data_wait",
        needs_s=5,
        limit_s=30,
    ),
    Step(
        name="missing-device",
        what="a GPU that is not there",
        run="benchmarks.gpu.faults:check_missing_device",
        needs_s=8,
        limit_s=50,
    ),
    Step(
        name="out-of-memory",
        what="a batch that does not fit",
        run="benchmarks.gpu.faults:check_out_of_memory",
        needs_s=12,
        limit_s=60,
    ),
    Step(
        name="killed-worker",
        what="a worker that is killed",
        run="benchmarks.gpu.faults:check_killed_worker",
        needs_s=12,
        limit_s=60,
    ),
    Step(
        name="precisions",
        what="fp32 and bf16",
        run="benchmarks.gpu.race:race_precisions",
        needs_s=15,
        limit_s=80,
    ),
    Step(
        name="compiled",
        what="a compiled model",
        run="benchmarks.gpu.race:race_compiled",
        needs_s=25,
        limit_s=90,
    ),
    Step(
        name="catalogue",
        what="every workload on the GPU, briefly",
        run="benchmarks.gpu.catalogue:check_catalogue",
        needs_s=60,
        limit_s=130,
    ),
    Step(
        name="sources",
        what="the tables of comparisons done by hand",
        run="benchmarks.gpu.sources:check_sources",
        needs_s=40,
        limit_s=110,
    ),
    Step(
        name="race-in-turn",
        what="CPU against GPU, one at a time",
        run="benchmarks.gpu.race:race_in_turn",
        needs_s=25,
        limit_s=100,
    ),
)


def main(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ
) -> int:
    """Run the check; 0 when everything passed, 1 otherwise, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    out = options.out or Path(environment.get("OUT") or DEFAULT_FOLDER)
    out = out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    if options.step is not None:
        die_with_parent()
        return _run_one(options, out)
    with tempfile.TemporaryDirectory(prefix="racetop-gpu-check-") as cache:
        return _run_all(Setting(device=options.device, out=out, cache=Path(cache)), options.budget)


def write_results(results: Sequence[StepResult], setting: Setting) -> None:
    """Write `results.json` and `summary.md`, replacing what an earlier step left."""
    machine: dict[str, Any] = {}
    for result in results:
        machine |= result.numbers.get("machine", {})
    when = datetime.now().astimezone().isoformat(timespec="seconds")
    document = {
        "schema": SCHEMA,
        "taken_at": when,
        "device": setting.device,
        "is_rehearsal": setting.is_rehearsal,
        "passed": has_passed(results),
        "machine": machine,
        "steps": [result.to_json() for result in results],
    }
    (setting.out / "results.json").write_text(json.dumps(document, indent=1) + "\n")
    (setting.out / "summary.md").write_text(
        to_markdown(results, machine, when=when, is_rehearsal=setting.is_rehearsal)
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_check", description=__doc__)
    parser.add_argument(
        "--out", type=Path, help=f"folder for the results; $OUT, else ./{DEFAULT_FOLDER}"
    )
    parser.add_argument("--device", default="cuda:0", help="cuda:N; cpu rehearses the check")
    parser.add_argument(
        "--budget", type=float, default=BUDGET_S, metavar="S", help="seconds for all steps"
    )
    # How the check starts each of its steps.
    for name in ("--step", "--cache", "--result"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    return parser


def _run_one(options: argparse.Namespace, out: Path) -> int:
    step = next(step for step in STEPS if step.name == options.step)
    setting = Setting(device=options.device, out=out, cache=Path(options.cache))
    result = in_this_process(step, setting)
    Path(options.result).write_text(json.dumps(result.to_json()))
    return 0


def _run_all(setting: Setting, budget_s: float) -> int:
    results: list[StepResult] = []

    def on_result(result: StepResult) -> None:
        results.append(result)
        write_results(results, setting)
        print(f"{result.status:<8} {result.name}, {result.took_s:.1f} s", file=sys.stderr)

    try:
        run_all(
            STEPS,
            lambda step, limit_s: in_own_process(step, setting, limit_s),
            on_result,
            budget_s=budget_s,
        )
    except KeyboardInterrupt:
        print(f"interrupted; what is done is in {setting.out}", file=sys.stderr)
        return 130
    print(to_text(results, is_rehearsal=setting.is_rehearsal))
    print(f"results: {setting.out}")
    return 0 if has_passed(results) else 1


if __name__ == "__main__":
    sys.exit(main())
