"""Field values: many numbers in one call, some of them missing on most cards."""

from __future__ import annotations

import pytest

from sensors.gpu_readings import GpuReading, GpuState
from sensors.gpus.fields import Field
from sensors.gpus.nvml_errors import Code
from sensors.nvidia import NvidiaGpus
from tests.fakes.clock import FakeClock
from tests.fakes.nvml import Fail, FakeGpu, FakeNvml, answers, fields

BATCH = "nvmlDeviceGetFieldValues"
THROUGHPUT = "nvmlDeviceGetPcieThroughput"
NO_COUNTERS = {
    "PCIE_TX_BYTES": Fail(Code.NOT_SUPPORTED),
    "PCIE_RX_BYTES": Fail(Code.NOT_SUPPORTED),
}


class Bench:
    """Some cards, looked at once a second."""

    def __init__(self, *cards: FakeGpu) -> None:
        self.nvml, self.clock = FakeNvml(*cards), FakeClock()
        self.gpus = NvidiaGpus(self.nvml, clock=self.clock, wall_clock=lambda: 1.7e9)

    def look(self, looks: int = 1) -> GpuReading:
        for _ in range(looks):
            self.clock.advance(1)
            reading = self.gpus.read()
        return reading.gpus[0]


def look(**changed: int | Fail) -> GpuReading:
    return Bench(FakeGpu(fields=fields(**changed))).look()


def test_each_look_asks_each_card_for_its_fields_in_one_call() -> None:
    bench = Bench(FakeGpu(), FakeGpu(answers(nvmlDeviceGetUUID=b"GPU-1")))
    bench.look()
    asked = []
    for _ in range(10):
        before = bench.nvml.calls[BATCH]
        bench.look()
        asked.append(bench.nvml.calls[BATCH] - before)
    assert min(asked) == 2
    # The memory's health is asked for seldom, in a call of its own.
    assert sum(asked) <= 2 * 10 + 2 * 2


@pytest.mark.parametrize("code", [Code.NOT_SUPPORTED, Code.INVALID_ARGUMENT, Code.NO_PERMISSION])
def test_a_field_that_a_card_lacks_takes_no_other_down_and_is_left_out(code: Code) -> None:
    asked: list[tuple[int, ...]] = []

    class Listening(FakeNvml):
        def nvmlDeviceGetFieldValues(  # noqa: N802 - NVIDIA's name
            self, gpu: FakeGpu, pairs: tuple[tuple[int, int], ...]
        ) -> list[object]:
            asked.append(tuple(number for number, _ in pairs))
            return super().nvmlDeviceGetFieldValues(gpu, pairs)

    card = FakeGpu(fields=fields(MEMORY_TEMPERATURE_C=Fail(code)))
    clock = FakeClock()
    gpus = NvidiaGpus(Listening(card), clock=clock)
    gpus.read()
    clock.advance(1)
    (gpu,) = gpus.read().gpus
    assert gpu.memory_temperature_c is None
    assert gpu.unknown["memory_temperature_c"] in {
        "not supported",
        "driver too old",
        "no permission",
    }
    assert gpu.energy_j == 1234.567
    assert Field.MEMORY_TEMPERATURE_C in asked[0]
    assert Field.MEMORY_TEMPERATURE_C not in asked[-1]


def test_a_field_that_fails_for_now_is_asked_again() -> None:
    card = FakeGpu(fields=fields(ENERGY_MJ=Fail(Code.UNKNOWN)))
    bench = Bench(card)
    gpu = bench.look()
    assert (gpu.energy_j, gpu.unknown["energy_j"]) == (None, "fails for now: unknown error")
    card.fields = fields()
    assert bench.look().energy_j == 1234.567


def test_a_field_that_says_the_card_is_lost_makes_it_lost() -> None:
    assert look(ENERGY_MJ=Fail(Code.GPU_IS_LOST)).state is GpuState.LOST


def test_power_and_energy_are_asked_for_themselves_where_they_are_no_fields() -> None:
    gpu = look(POWER_AVERAGE_MW=Fail(Code.NOT_SUPPORTED), ENERGY_MJ=Fail(Code.NOT_SUPPORTED))
    assert (gpu.power_w, gpu.energy_j) == (377, 1111)


def test_a_driver_without_field_values_still_tells_power_energy_and_health() -> None:
    known = answers(
        nvmlDeviceGetFieldValues=Fail(Code.FUNCTION_NOT_FOUND),
        nvmlDeviceGetRemappedRows=(4, 1, 1, 0),
    )
    known["nvmlDeviceGetTotalEccErrors", 0, 0] = 8
    known["nvmlDeviceGetTotalEccErrors", 1, 0] = 2
    bench = Bench(FakeGpu(known))
    gpu = bench.look(2)
    assert (gpu.power_w, gpu.energy_j) == (377, 1111)
    assert (gpu.ecc_corrected, gpu.ecc_uncorrected) == (8, 2)
    assert (gpu.remapped_rows, gpu.remap_pending, gpu.remap_failed) == (5, True, False)
    assert (gpu.clock_limit_s, gpu.unknown["clock_limit_s"]) == (None, "driver too old")
    assert bench.nvml.calls[BATCH] <= 2


def test_traffic_is_the_difference_of_counters() -> None:
    card = FakeGpu(fields=fields(PCIE_TX_BYTES=1000, PCIE_RX_BYTES=5000))
    bench = Bench(card)
    gpu = bench.look()
    assert (gpu.pcie_tx_bytes_per_s, gpu.unknown["pcie_tx_bytes_per_s"]) == (
        None,
        "needs two looks",
    )
    bench.clock.advance(1)
    card.fields = fields(PCIE_TX_BYTES=3000, PCIE_RX_BYTES=9000, NVLINK_TX_KIB=10, NVLINK_RX_KIB=20)
    gpu = bench.look()
    assert (gpu.pcie_tx_bytes_per_s, gpu.pcie_rx_bytes_per_s) == (1000, 2000)
    assert (gpu.nvlink_tx_bytes_per_s, gpu.nvlink_rx_bytes_per_s) == (5 * 1024, 10 * 1024)


def test_a_counter_that_went_back_is_unknown_for_that_look() -> None:
    card = FakeGpu(fields=fields(PCIE_TX_BYTES=1000, PCIE_RX_BYTES=5000))
    bench = Bench(card)
    bench.look()
    card.fields = fields(PCIE_TX_BYTES=10, PCIE_RX_BYTES=6000)
    gpu = bench.look()
    assert (gpu.pcie_tx_bytes_per_s, gpu.pcie_rx_bytes_per_s) == (None, 1000)


def test_traffic_that_is_not_counted_is_never_measured_during_a_look() -> None:
    bench = Bench(FakeGpu(fields=fields(**NO_COUNTERS)))
    gpu = bench.look(3)
    assert gpu.pcie_tx_bytes_per_s is None
    assert bench.nvml.calls[THROUGHPUT] == 0


def test_traffic_that_is_not_counted_is_measured_between_looks() -> None:
    bench = Bench(FakeGpu(fields=fields(**NO_COUNTERS)))
    bench.look()
    assert bench.gpus.idle()
    assert not bench.gpus.idle()
    gpu = bench.look()
    assert (gpu.pcie_tx_bytes_per_s, gpu.pcie_rx_bytes_per_s) == (2_000_000, 7_000_000)
    assert "pcie_tx_bytes_per_s" not in gpu.unknown


def test_after_the_first_look_one_card_is_measured_at_a_time() -> None:
    cards = [
        FakeGpu(answers(nvmlDeviceGetUUID=f"GPU-{index}".encode()), fields(**NO_COUNTERS))
        for index in range(3)
    ]
    bench = Bench(*cards)
    measured = []
    for _ in range(4):
        before = bench.nvml.calls[THROUGHPUT]
        bench.look()
        while bench.gpus.idle():
            pass
        measured.append(bench.nvml.calls[THROUGHPUT] - before)
    assert measured == [6, 2, 2, 2]


def test_a_card_that_counts_its_traffic_is_not_measured() -> None:
    bench = Bench(FakeGpu())
    bench.look()
    assert not bench.gpus.idle()
    assert bench.nvml.calls[THROUGHPUT] == 0


def test_a_card_that_cannot_be_measured_is_left_alone() -> None:
    known = answers()
    for direction in (0, 1):
        known[THROUGHPUT, direction] = Fail(Code.NOT_SUPPORTED)
    bench = Bench(FakeGpu(known, fields(**NO_COUNTERS)))
    for _ in range(4):
        gpu = bench.look()
        while bench.gpus.idle():
            pass
    assert bench.nvml.calls[THROUGHPUT] == 2
    assert gpu.unknown["pcie_rx_bytes_per_s"] == "not supported"


def test_memory_without_a_sensor_is_not_at_zero_degrees() -> None:
    assert look(MEMORY_TEMPERATURE_C=0).memory_temperature_c is None


def test_seconds_of_clock_limits_hold_only_what_the_card_counts() -> None:
    gpu = look(
        SW_THERMAL_NS=1_500_000_000,
        HW_THERMAL_NS=Fail(Code.NOT_SUPPORTED),
        POWER_BRAKE_NS=Fail(Code.INVALID_ARGUMENT),
    )
    assert gpu.clock_limit_s == {"power-cap": 2.5, "sync-boost": 0, "sw-thermal": 1.5}


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, None), (1, "reset"), (2, "reboot"), (4, "drain-and-reset"), (99, "action-99")],
)
def test_what_the_driver_asks_for_is_said_in_words(number: int, words: str | None) -> None:
    gpu = look(RECOVERY_ACTION=number)
    assert gpu.recovery_action == words
    assert "recovery_action" not in gpu.unknown


def test_a_newer_card_tells_its_slowdown_temperature_by_its_margin() -> None:
    known = answers(
        nvmlDeviceGetTemperatureThreshold=Fail(Code.NOT_SUPPORTED),
        nvmlDeviceGetMarginTemperature=33,
    )
    # 54 degrees, 33 to go to the limit, two beyond which the clocks go down.
    card = FakeGpu(known, fields() | {int(Field.SLOWDOWN_MARGIN_C): -2})
    assert Bench(card).look().temperature_slowdown_c == 89
