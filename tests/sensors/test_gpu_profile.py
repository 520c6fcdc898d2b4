"""What goes on inside a GPU: measured on request only."""

from __future__ import annotations

import ctypes
import math
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from sensors.gpu_readings import GpuReading, GpuState
from sensors.gpus.nvml_errors import Code
from sensors.gpus.profile import GAP_S, SHARES
from sensors.nvidia import NvidiaGpus
from sensors.wanted import Wanted
from tests.fakes.clock import FakeClock
from tests.fakes.nvml import Fail, FakeGpu, FakeNvml, answers

PROFILE = Wanted(gpu_profile=True)


class Bench:
    """One card, looked at once a second."""

    def __init__(self, **changed: object) -> None:
        self.card = FakeGpu(answers(**changed))
        self.nvml, self.clock = FakeNvml(self.card), FakeClock()
        self.gpus = NvidiaGpus(self.nvml, clock=self.clock)

    def look(self, wanted: Wanted = PROFILE, after_s: float = 1.0) -> GpuReading:
        self.clock.advance(after_s)
        return self.gpus.read(wanted).gpus[0]


def shares(gpu: GpuReading) -> tuple[float | None, ...]:
    return tuple(getattr(gpu, name) for name in SHARES)


def test_two_looks_give_the_shares_between_them() -> None:
    bench = Bench()
    gpu = bench.look()
    assert shares(gpu) == (None,) * 4
    assert gpu.unknown["sm_busy_pct"] == "needs two looks"
    gpu = bench.look()
    assert shares(gpu) == (50, 40, 30, 20)
    assert not set(SHARES) & set(gpu.unknown)


def test_nothing_is_sampled_for_nobody() -> None:
    bench = Bench()
    for _ in range(3):
        gpu = bench.look(Wanted())
    assert bench.nvml.calls["nvmlGpmSampleGet"] == 0
    assert gpu.unknown["tensor_busy_pct"] == "measured on request"


def test_samples_are_given_back_when_nobody_looks_any_more() -> None:
    bench = Bench()
    for _ in range(5):
        bench.look()
    assert len(bench.nvml.samples) == 2
    gpu = bench.look(Wanted())
    assert bench.nvml.samples == []
    assert gpu.sm_busy_pct is None
    bench.look()
    assert bench.look().sm_busy_pct == 50


def test_samples_are_given_back_at_the_end() -> None:
    bench = Bench()
    bench.look()
    bench.look()
    bench.gpus.close()
    assert bench.nvml.samples == []


def test_looks_that_are_too_close_keep_the_last_shares() -> None:
    bench = Bench()
    bench.look()
    bench.look()
    bench.nvml.gpm = dict.fromkeys(bench.nvml.gpm, 90.0)
    assert bench.look(after_s=GAP_S / 2).sm_busy_pct == 50
    assert bench.look(after_s=GAP_S).sm_busy_pct == 90


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (
            {"nvmlGpmQueryDeviceSupport": SimpleNamespace(isSupportedDevice=0)},
            "not supported",
        ),
        ({"nvmlGpmQueryDeviceSupport": Fail(Code.FUNCTION_NOT_FOUND)}, "not supported"),
        ({"nvmlGpmSampleGet": Fail(Code.NO_PERMISSION)}, "no permission"),
    ],
)
def test_a_card_that_cannot_be_profiled_says_why(changed: dict[str, object], why: str) -> None:
    bench = Bench(**changed)
    for _ in range(3):
        gpu = bench.look()
    assert shares(gpu) == (None,) * 4
    assert gpu.unknown["sm_occupancy_pct"] == why
    assert gpu.busy_pct == 62
    assert bench.nvml.calls["nvmlGpmQueryDeviceSupport"] == 1
    assert bench.nvml.calls["nvmlGpmSampleGet"] <= 1


def test_counters_that_stand_still_under_load_are_not_shown_as_zero() -> None:
    bench = Bench(nvmlDeviceGetUtilizationRates=SimpleNamespace(gpu=100, memory=40))
    bench.nvml.gpm = dict.fromkeys(bench.nvml.gpm, 0.0)
    bench.look()
    gpu = bench.look()
    assert (gpu.busy_pct, gpu.sm_busy_pct) == (100, None)
    assert gpu.unknown["sm_busy_pct"] == "its counters stand still"


def test_counters_at_zero_are_zero_on_an_idle_card() -> None:
    bench = Bench(nvmlDeviceGetUtilizationRates=SimpleNamespace(gpu=0, memory=0))
    bench.nvml.gpm = dict.fromkeys(bench.nvml.gpm, 0.0)
    bench.look()
    assert shares(bench.look()) == (0, 0, 0, 0)


def test_a_share_that_is_no_number_is_unknown() -> None:
    bench = Bench()
    bench.nvml.gpm[5] = math.nan
    bench.look()
    gpu = bench.look()
    assert (gpu.sm_busy_pct, gpu.tensor_busy_pct) == (50, None)


def test_a_driver_that_goes_away_takes_its_samples_along() -> None:
    bench = Bench()
    bench.look()
    bench.card.answer_all(Fail(Code.UNINITIALIZED))
    bench.nvml.free_code = Code.UNINITIALIZED
    assert bench.look().state is GpuState.FAILED


def test_the_real_modules_structures_carry_samples_and_shares() -> None:
    class WithStructures(FakeNvml):
        c_nvmlGpmMetricsGet_t = pynvml.c_nvmlGpmMetricsGet_t  # noqa: N815 - NVIDIA's name

        def nvmlGpmSampleAlloc(self) -> object:  # noqa: N802 - NVIDIA's name
            address = 0x1000 * (len(self.samples) + 1)
            self.samples.append(ctypes.cast(address, pynvml.c_nvmlGpmSample_t))
            return self.samples[-1]

        def nvmlGpmMetricsGet(self, request: Any) -> Any:  # noqa: N802 - NVIDIA's name
            assert bytes(request.sample1) != bytes(request.sample2)
            return super().nvmlGpmMetricsGet(request)

    bench = Bench()
    nvml = WithStructures(bench.card)
    gpus = NvidiaGpus(nvml, clock=bench.clock)
    for _ in range(3):
        bench.clock.advance(1)
        gpu = gpus.read(PROFILE).gpus[0]
    assert shares(gpu) == (50, 40, 30, 20)
    gpus.close()
    assert nvml.samples == []


def test_the_real_modules_handles_tell_the_card_of_an_error_report() -> None:
    device = ctypes.pointer(pynvml.struct_c_nvmlDevice_t())
    event = pynvml.c_nvmlEventData_t()
    event.device = device
    assert bytes(event.device) == bytes(device)
