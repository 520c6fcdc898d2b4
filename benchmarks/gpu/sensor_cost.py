"""Step: how long a look at the GPUs takes, as a whole and question by question."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from benchmarks.figures import NotMeasuredError, quantile
from benchmarks.gpu.findings import Findings, Setting
from sensors.gpu_readings import NvmlState
from sensors.nvidia import NvidiaGpus

_READS = 30
# A look at the sensors every second is to take no more than 1.5 % of a core.
_BUDGET_MS = 15.0
# With everything due, a look stops when it has taken long enough.
_FULL_BUDGET_MS = 50.0
_EVERY_QUESTION_DUE_S = 30.0
# Arguments from there on are moments in time, different in each call.
_TIMESTAMP = 1 << 40


class TimedNvml(ModuleType):
    """The module pynvml, each call timed.

    Attributes:
        took_s: Seconds of each call, by function and plain arguments.
    """

    def __init__(self, nvml: ModuleType, now: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(nvml.__name__)
        self.took_s: dict[str, list[float]] = defaultdict(list)
        self._nvml = nvml
        self._now = now

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        value = getattr(self._nvml, name)
        if not name.startswith("nvml") or isinstance(value, type) or not callable(value):
            return value
        timed = self._timed(name, value)
        if hasattr(value, "__wrapped__"):
            timed.__wrapped__ = self._timed(name, value.__wrapped__)  # type: ignore[attr-defined]
        return timed

    def _timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: object) -> Any:  # noqa: ANN401 - whatever the call gives
            plain = ", ".join(str(v) for v in arguments if isinstance(v, int) and v < _TIMESTAMP)
            since_s = self._now()
            try:
                return call(*arguments)
            finally:
                self.took_s[f"{name}({plain})"].append(self._now() - since_s)

        return timed


def check_sensor_cost(_setting: Setting, findings: Findings) -> None:
    """Read all GPUs many times: once a second's share, and with every question due."""
    try:
        import pynvml
    except ModuleNotFoundError:
        raise NotMeasuredError("nvidia-ml-py is not installed.") from None
    nvml = TimedNvml(pynvml)
    usual, full, opening_s = measure(nvml)
    findings.numbers |= {
        "open_ms": opening_s * 1e3,
        "usual_read_ms": _summary(usual),
        "full_read_ms": _summary(full),
        "calls_ms": {name: _summary(took_s) for name, took_s in sorted(nvml.took_s.items())},
    }
    findings.text += calls_table(findings.numbers["calls_ms"])
    for name, took_s, budget_ms in (
        ("usual", usual, _BUDGET_MS),
        ("full", full, _FULL_BUDGET_MS),
    ):
        found = _summary(took_s)
        findings.demand(
            f"a {name} look at all GPUs",
            found["median"] <= budget_ms,
            found=f"{found['median']:.2f} ms median, {found['p95']:.2f} ms p95",
            wanted=f"median at most {budget_ms:g} ms",
        )


def calls_table(calls_ms: Mapping[str, Mapping[str, float]]) -> str:
    """What each NVML call took, the dearest first, as a Markdown table."""
    lines = ["| NVML call | median ms | p95 ms | calls |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{name}` | {took['median']:.3f} | {took['p95']:.3f} | {took['count']:.0f} |"
        for name, took in sorted(calls_ms.items(), key=lambda pair: -pair[1]["median"])
    ]
    return "\n".join(lines) + "\n"


def measure(nvml: ModuleType) -> tuple[list[float], list[float], float]:
    """Seconds of looks a second apart, of looks with every question due, and of the first.

    Raises:
        NotMeasuredError: NVML does not answer.
    """
    skipped_s = 0.0
    gpus = NvidiaGpus(nvml, clock=lambda: skipped_s + time.perf_counter())

    def look(after_s: float) -> float:
        nonlocal skipped_s
        skipped_s += after_s
        since_s = time.perf_counter()
        reading = gpus.read()
        took_s = time.perf_counter() - since_s
        if reading.driver.state is not NvmlState.OK:
            raise NotMeasuredError(str(reading.driver.problem))
        return took_s

    try:
        opening_s = look(0.0)
        while gpus.idle():
            pass
        usual = [look(1.0) for _ in range(_READS)]
        full = [look(_EVERY_QUESTION_DUE_S) for _ in range(_READS)]
    finally:
        gpus.close()
    return usual, full, opening_s


def _summary(took_s: list[float]) -> dict[str, float]:
    """In milliseconds."""
    return {
        "median": 1e3 * quantile(took_s, 0.5),
        "p95": 1e3 * quantile(took_s, 0.95),
        "count": len(took_s),
    }
