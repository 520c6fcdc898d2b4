"""What goes on inside a GPU (GPM, Hopper and newer), measured while somebody wants to know."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from types import ModuleType
from typing import Any

from sensors.gpu_readings import TOO_SOON
from sensors.gpus.nvml_errors import Code
from sensors.gpus.questions import NoAnswerError, Question, Questions

# Two samples have to be this far apart to mean something.
GAP_S = 0.1
_METRICS = {"sm_busy_pct": 2, "sm_occupancy_pct": 3, "tensor_busy_pct": 5, "dram_busy_pct": 10}
_VERSION = 1
SHARES = tuple(_METRICS)


class GpuProfile:
    """Shares of a card's inner parts that were in use between two looks.

    Args:
        nvml: The module `pynvml`, or what behaves like it.
        questions: Asks the card.
        clock: Monotonic clock, in seconds.
        instance: The GPU instance to measure; None for the whole card.

    Attributes:
        shares: In percent, by the reading's names; none where `why` says so.
        why: Why a share is not known, in a few words.
    """

    def __init__(
        self,
        nvml: ModuleType,
        questions: Questions,
        clock: Callable[[], float],
        instance: int | None = None,
    ) -> None:
        self._nvml = nvml
        self._questions = questions
        self._system = Questions(nvml, clock=clock)
        self._clock = clock
        self._ask: Question = ("nvmlGpmSampleGet",)
        if instance is not None:
            self._ask = ("nvmlGpmMigSampleGet", instance)
        self._is_supported: bool | None = None
        self._spare: Any = None
        self._newest: Any = None
        self._request: Any = None
        self._taken_at_s = 0.0
        self.shares: dict[str, float] = {}
        self.why = TOO_SOON

    def read(self) -> dict[str, float]:
        """Take a sample; the shares as they are now."""
        if self._is_supported is None:
            support = self._questions.ask("nvmlGpmQueryDeviceSupport")
            self._is_supported = bool(support and support.isSupportedDevice)
        now_s = self._clock()
        if not self._is_supported:
            self.why = "not supported"
        elif self._newest is None or now_s - self._taken_at_s >= GAP_S:
            self._taken_at_s = now_s
            self._sample()
        return self.shares

    def stop(self) -> None:
        """Measure no more, and give back what was needed for it."""
        for sample in (self._spare, self._newest):
            if sample is not None:
                # A driver that is gone has taken it along.
                with suppress(NoAnswerError):
                    self._system.ask_with(sample, "nvmlGpmSampleFree")
        self._spare = self._newest = None
        self.shares, self.why = {}, TOO_SOON

    def _sample(self) -> None:
        before, sample = self._newest, self._spare or self._system.ask("nvmlGpmSampleAlloc")
        if sample is None or self._questions.ask_with(sample, *self._ask) is None:
            self._spare, self.shares = sample, {}
            self.why = self._questions.why(self._ask)
            return
        self._newest, self._spare, self.why = sample, before, TOO_SOON
        self.shares = self._between(before, sample) if before is not None else {}

    def _between(self, before: object, after: object) -> dict[str, float]:
        request = self._request = self._request or self._nvml.c_nvmlGpmMetricsGet_t()
        request.version, request.numMetrics = _VERSION, len(_METRICS)
        request.sample1, request.sample2 = before, after
        for place, metric in enumerate(_METRICS.values()):
            request.metrics[place].metricId = metric
        if self._system.ask_with(request, "nvmlGpmMetricsGet") is None:
            self.why = self._system.why(("nvmlGpmMetricsGet",))
            return {}
        found = zip(_METRICS, request.metrics, strict=False)
        # Where nothing ran in between, a quotient of counters may be no number.
        return {
            name: min(m.value, 100.0)
            for name, m in found
            if m.nvmlReturn == Code.SUCCESS and isfinite(m.value)
        }
