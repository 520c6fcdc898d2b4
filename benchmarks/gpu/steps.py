"""Runs the steps one after the other, each in a process of its own, within a budget of time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from benchmarks.figures import NotMeasuredError
from benchmarks.gpu.findings import Findings, Setting, Status, StepResult

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One part of the check.

    Attributes:
        name: On the command line and in the results.
        what: What it does, in words.
        run: What does it, as `module:function`, loaded in its own process only; it raises
            `NotMeasuredError` where it cannot be done here.
        needs_s: It is only started while so much time is left.
        limit_s: It is ended after so much time.
        is_needed: Whether those after it stand on it.
    """

    name: str
    what: str
    run: str
    needs_s: float
    limit_s: float
    is_needed: bool = False

    def load(self) -> Callable[[Setting, Findings], None]:
        """What does it, its module imported."""
        module, _, function = self.run.partition(":")
        found: Callable[[Setting, Findings], None] = getattr(import_module(module), function)
        return found


RunStep = Callable[[Step, float], StepResult]


def run_all(
    steps: Iterable[Step],
    run_step: RunStep,
    on_result: Callable[[StepResult], None],
    *,
    budget_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[StepResult, ...]:
    """Run the steps; one that fails stops no other, unless they stand on it.

    Args:
        steps: What to do, in this order.
        run_step: Does one step within a number of seconds.
        on_result: Called after each step.
        budget_s: Seconds for all of them.
        clock: Monotonic clock.
    """
    ends_s = clock() + budget_s
    results: list[StepResult] = []
    missing = ""
    for step in steps:
        left_s = ends_s - clock()
        if not missing and left_s < step.needs_s:
            why = f"needs about {step.needs_s:.0f} s, {max(left_s, 0.0):.0f} s are left"
            result = StepResult(name=step.name, status=Status.NOT_RUN, error=why)
        elif missing:
            why = f"it stands on step {missing}, which failed"
            result = StepResult(name=step.name, status=Status.NOT_RUN, error=why)
        else:
            result = run_step(step, min(step.limit_s, left_s))
            if step.is_needed and result.status is Status.FAILED:
                missing = step.name
        results.append(result)
        on_result(result)
    return tuple(results)


def in_this_process(
    step: Step, setting: Setting, clock: Callable[[], float] = time.monotonic
) -> StepResult:
    """Do a step here and now; whatever goes wrong becomes part of its result."""
    findings = Findings()
    started_s = clock()
    error = None
    try:
        step.load()(setting, findings)
    except NotMeasuredError as reason:
        findings.skip(step.what, str(reason))
    except Exception as reason:  # noqa: BLE001 - one step that fails must not end the others
        error = f"{type(reason).__name__}: {reason}"
    return findings.result(step.name, clock() - started_s, error)


def in_own_process(
    step: Step, setting: Setting, limit_s: float, module: str = "benchmarks.gpu_check"
) -> StepResult:
    """Do a step in a process of its own, which is ended when its time is up."""
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="racetop-gpu-step-") as folder:
        result_file = Path(folder) / "result.json"
        command = [sys.executable, "-m", module, "--step", step.name]
        command += ["--device", setting.device, "--out", str(setting.out)]
        command += ["--cache", str(setting.cache), "--result", str(result_file)]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, env=_environment(), start_new_session=True
        )
        try:
            returncode: int | None = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            returncode = None
        finally:
            # Also on Ctrl-C; workers end with the process that started them.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        took_s = time.monotonic() - started_s
        if returncode is None:
            why = f"ended after {took_s:.0f} s, its time was up"
            return StepResult(name=step.name, status=Status.FAILED, took_s=took_s, error=why)
        try:
            return StepResult.from_json(json.loads(result_file.read_text()))
        except (OSError, ValueError):
            why = f"its process ended with status {returncode} and no result"
            return StepResult(name=step.name, status=Status.FAILED, took_s=took_s, error=why)


def _environment() -> dict[str, str]:
    known = os.environ.get("PYTHONPATH")
    paths = [str(_ROOT), *([known] if known else [])]
    return {
        # `cuda:N` is then the GPU that NVML calls N, as in the product's workers.
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
    }
