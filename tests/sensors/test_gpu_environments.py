"""Machines and drivers that are not as they should be: what can be known is shown, and why not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from sensors import nvidia
from sensors.gpu_readings import GpuReading, GpuState, NvmlState
from sensors.gpus.nvml_errors import Code
from sensors.gpus.profile import SHARES
from sensors.host import Host
from sensors.machine import Machine
from sensors.nvidia import RETRY_S, NvidiaGpus
from sensors.processes import Processes
from sensors.readings import Reading
from sensors.wanted import Wanted
from tests.fakes.clock import FakeClock
from tests.fakes.gpu_bench import WALL_S, Bench
from tests.fakes.nvml import (
    GIB,
    MEMORY_V2,
    Fail,
    FakeGpu,
    FakeNvml,
    FakeNvmlError,
    answers,
    fields,
    process,
    use,
)
from tests.fakes.reading_source import PATIENCE_S

NOT_SUPPORTED = Fail(Code.NOT_SUPPORTED)
COMPUTE = "nvmlDeviceGetComputeRunningProcesses_v3"
USE = "nvmlDeviceGetProcessUtilization"


def take_reading(tmp_path: Path, nvml: FakeNvml) -> Reading:
    machine = Machine(gpus=NvidiaGpus(nvml), host=Host(tmp_path), processes=Processes(0))
    try:
        return machine.read(gpu_wait_s=PATIENCE_S)
    finally:
        machine.close()


def test_without_nvidias_library_the_host_is_read_and_one_line_says_why(tmp_path: Path) -> None:
    nvml = FakeNvml()
    nvml.init_code = Code.LIBRARY_NOT_FOUND
    reading = take_reading(tmp_path, nvml)
    assert reading.driver.state is NvmlState.NO_LIBRARY
    assert reading.host.hostname
    (problem,) = reading.problems
    assert "libnvidia-ml.so.1" in problem.what


def test_a_driver_updated_under_its_module_is_tried_again_until_it_fits() -> None:
    bench = Bench(FakeGpu())
    bench.nvml.init_code = Code.LIB_RM_VERSION_MISMATCH
    driver = bench.look().driver
    assert driver.state is NvmlState.MISMATCH
    assert "Reboot" in (driver.remedy or "")
    bench.nvml.init_code = Code.SUCCESS
    assert bench.look(RETRY_S).driver.state is NvmlState.OK


def test_in_wsl_the_library_is_found_in_its_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(FakeGpu())
    bench.nvml.init_code = Code.LIBRARY_NOT_FOUND
    loaded: list[Path] = []

    def load(path: Path) -> bool:
        loaded.append(path)
        bench.nvml.init_code = Code.SUCCESS
        return True

    monkeypatch.setattr(nvidia, "_load_library", load)
    assert bench.look().driver.state is NvmlState.OK
    assert [str(path) for path in loaded] == ["/usr/lib/wsl/lib/libnvidia-ml.so.1"]


def test_in_wsl_processes_are_not_reported_rather_than_none_there() -> None:
    known = answers(**{COMPUTE: NOT_SUPPORTED, COMPUTE.replace("_v3", "_v2"): NOT_SUPPORTED})
    reading = Bench(FakeGpu(known)).look()
    assert reading.processes == ()
    assert reading.gpus[0].unknown["processes"] == "not supported"
    assert "processes" not in Bench(FakeGpu()).look().gpus[0].unknown


def test_a_jetson_that_supports_nothing_shows_nothing_but_shared_memory(tmp_path: Path) -> None:
    card = FakeGpu()
    card.answer_all(NOT_SUPPORTED)
    (tmp_path / "proc").mkdir()
    meminfo = "MemTotal: 8000 kB\nMemAvailable: 6000 kB\n"
    (tmp_path / "proc" / "meminfo").write_text(meminfo)
    (gpu,) = take_reading(tmp_path, FakeNvml(card)).gpus
    assert gpu.state is GpuState.OK
    assert gpu.memory_is_shared
    assert (gpu.memory_used_bytes, gpu.memory_total_bytes) == (2000 * 1024, 8000 * 1024)
    assert not {"memory_used_bytes", "memory_total_bytes"} & set(gpu.unknown)
    assert (gpu.busy_pct, gpu.power_w, gpu.energy_j) == (None, None, None)


@pytest.mark.parametrize("memory", [NOT_SUPPORTED, SimpleNamespace(used=0, total=0, reserved=0)])
def test_a_card_with_unified_memory_says_so(memory: object) -> None:
    known = answers()
    known["nvmlDeviceGetMemoryInfo", MEMORY_V2] = memory
    known["nvmlDeviceGetMemoryInfo",] = memory
    (gpu,) = Bench(FakeGpu(known)).look().gpus
    assert gpu.memory_is_shared
    assert (gpu.memory_used_bytes, gpu.memory_total_bytes) == (None, None)


@pytest.mark.parametrize("code", [Code.UNKNOWN, Code.NO_PERMISSION])
def test_memory_that_cannot_be_read_is_not_taken_for_unified(code: Code) -> None:
    known = answers()
    known["nvmlDeviceGetMemoryInfo", MEMORY_V2] = Fail(code)
    known["nvmlDeviceGetMemoryInfo",] = Fail(code)
    (gpu,) = Bench(FakeGpu(known)).look().gpus
    assert (gpu.memory_is_shared, gpu.memory_total_bytes) == (False, None)


def test_a_lost_card_tells_since_when_and_comes_back_with_all_its_fields() -> None:
    card = FakeGpu()
    bench = Bench(card)
    bench.look()
    card.answer_all(Fail(Code.GPU_IS_LOST))
    (gpu,) = bench.look().gpus
    since_s = WALL_S + 2
    assert (gpu.state, gpu.state_since_s) == (GpuState.LOST, since_s)
    assert bench.look().gpus[0].state_since_s == since_s
    card.answers = answers()
    (gpu,) = bench.look().gpus
    assert (gpu.state, gpu.state_since_s, gpu.temperature_c) == (GpuState.OK, None, 54)
    assert gpu.power_limit_w == 700


def test_a_card_lost_in_the_middle_of_a_look_is_lost() -> None:
    bench = Bench(FakeGpu(answers(nvmlDeviceGetFanSpeed=Fail(Code.GPU_IS_LOST))), FakeGpu())
    assert [gpu.state for gpu in bench.look().gpus] == [GpuState.LOST, GpuState.OK]


def test_one_card_of_several_with_unknown_errors_takes_no_other_down() -> None:
    ill, well = FakeGpu(), FakeGpu(answers(nvmlDeviceGetUUID=b"GPU-1"))
    bench = Bench(ill, well)
    bench.look()
    ill.answer_all(Fail(Code.UNKNOWN))
    gpus = bench.look().gpus
    assert [gpu.state for gpu in gpus] == [GpuState.FAILED, GpuState.OK]
    assert gpus[1].busy_pct == 62


def test_a_container_that_lost_its_device_is_told_to_be_restarted() -> None:
    card = FakeGpu()
    bench = Bench(card)
    bench.look()
    card.answer_all(Fail(Code.UNKNOWN))
    (problem,) = bench.look().problems
    assert "restart" in (problem.remedy or "")
    card.answers = answers()
    assert bench.look().gpus[0].state is GpuState.OK


def test_a_driver_that_is_reloaded_is_opened_anew_and_asked_for_everything() -> None:
    card = FakeGpu(answers(nvmlDeviceGetFanSpeed=NOT_SUPPORTED))
    bench = Bench(card)
    bench.look()
    card.answer_all(Fail(Code.UNINITIALIZED))
    (gpu,) = bench.look().gpus
    assert (gpu.state, gpu.uuid) == (GpuState.FAILED, "GPU-0")
    card.answers = answers()
    (gpu,) = bench.look(RETRY_S).gpus
    assert (gpu.state, gpu.fan_pct) == (GpuState.OK, 30)


def test_host_process_ids_of_a_container_stay_as_the_driver_tells_them(tmp_path: Path) -> None:
    nvml = FakeNvml(FakeGpu(answers(**{COMPUTE: [process(3_999_999_999)]})))
    (row,) = take_reading(tmp_path, nvml).processes
    assert (row.pid, row.command, row.gpu_memory_bytes) == (3_999_999_999, None, GIB)


def test_idle_processes_are_no_error() -> None:
    known = answers(**{COMPUTE: [process(7)], USE: Fail(Code.NOT_FOUND)})
    reading = Bench(FakeGpu(known)).look()
    assert reading.processes[0].gpu_busy_pct == 0
    assert reading.problems == ()


def test_a_list_that_grows_while_it_is_read_is_read_again() -> None:
    nvml = FakeNvml(FakeGpu(answers(**{COMPUTE: [process(7)]})))
    calls: list[int] = []

    def growing(_gpu: FakeGpu, _since_us: int) -> list[SimpleNamespace]:
        calls.append(1)
        if len(calls) == 1:
            raise FakeNvmlError(Code.INSUFFICIENT_SIZE)
        return [use(7, 60)]

    nvml.__dict__[USE] = growing
    (row,) = NvidiaGpus(nvml, clock=FakeClock()).read().processes
    assert row.gpu_busy_pct == 60
    assert len(calls) == 2


def test_a_list_that_grows_for_ever_is_no_loop() -> None:
    known = answers(**{COMPUTE: [process(7)], USE: Fail(Code.INSUFFICIENT_SIZE)})
    nvml = FakeNvml(FakeGpu(known))
    (row,) = NvidiaGpus(nvml, clock=FakeClock()).read().processes
    assert row.gpu_busy_pct is None
    assert nvml.calls[USE] == 2


def test_zero_and_unknown_are_told_apart() -> None:
    def sm_busy(**changed: object) -> tuple[float | None, bool]:
        (gpu,) = Bench(FakeGpu(answers(**changed))).look().gpus
        return gpu.busy_pct, "busy_pct" in gpu.unknown

    name = "nvmlDeviceGetUtilizationRates"
    assert sm_busy(**{name: SimpleNamespace(gpu=0, memory=0)}) == (0, False)
    assert sm_busy(**{name: NOT_SUPPORTED}) == (None, True)


def test_a_laptop_without_fan_and_power_limit_shows_no_zero_for_them() -> None:
    known = answers(
        nvmlDeviceGetFanSpeed=NOT_SUPPORTED,
        nvmlDeviceGetEnforcedPowerLimit=NOT_SUPPORTED,
        nvmlDeviceGetPowerManagementLimit=NOT_SUPPORTED,
    )
    (gpu,) = Bench(FakeGpu(known)).look().gpus
    assert (gpu.fan_pct, gpu.power_limit_w, gpu.power_w) == (None, None, 388.5)


def test_a_symbol_that_an_old_driver_lacks_is_unsupported_not_fatal() -> None:
    known = answers()
    for name in list(known):
        function = name if isinstance(name, str) else name[0]
        if function not in {"nvmlDeviceGetUUID", "nvmlDeviceGetUtilizationRates"}:
            known[name] = Fail(Code.FUNCTION_NOT_FOUND)
    card = FakeGpu(known, {})
    (gpu,) = Bench(card).look().gpus
    assert (gpu.state, gpu.busy_pct) == (GpuState.OK, 62)
    assert gpu.unknown["sm_clock_mhz"] == "driver too old"


def test_structures_of_another_version_are_refused_field_by_field() -> None:
    """As where the library is newer than the kernel's part of the driver."""
    known = answers(nvmlDeviceGetTemperatureV=Fail(Code.ARGUMENT_VERSION_MISMATCH))
    known["nvmlDeviceGetMemoryInfo", MEMORY_V2] = Fail(Code.ARGUMENT_VERSION_MISMATCH)
    (gpu,) = Bench(FakeGpu(known)).look().gpus
    assert (gpu.memory_used_bytes, gpu.memory_reserved_bytes) == (11 * GIB, None)
    assert gpu.unknown["memory_reserved_bytes"] == "driver too old"
    assert gpu.temperature_c == 53


def test_memory_in_use_leaves_out_what_the_driver_reserves() -> None:
    (gpu,) = Bench(FakeGpu()).look().gpus
    assert (gpu.memory_used_bytes, gpu.memory_reserved_bytes) == (10 * GIB, GIB)


def test_profiling_counters_are_left_to_others_until_asked_for() -> None:
    bench = Bench(FakeGpu())
    bench.look()
    gpm = {key for key in bench.nvml.calls if isinstance(key, str) and "Gpm" in key}
    assert gpm == set()


def test_profiling_counters_that_died_with_an_error_are_dropped_and_the_error_shown() -> None:
    busy = SimpleNamespace(gpu=100, memory=50)
    bench = Bench(FakeGpu(answers(nvmlDeviceGetUtilizationRates=busy)))
    bench.nvml.gpm = dict.fromkeys(bench.nvml.gpm, 0.0)
    bench.look()
    bench.nvml.events.append((bench.nvml.gpus[0], 31))
    for _ in range(2):
        bench.clock.advance(1)
        gpu: GpuReading = bench.gpus.read(Wanted(gpu_profile=True)).gpus[0]
    assert gpu.last_xid == 31
    assert [getattr(gpu, name) for name in SHARES] == [None] * 4


def test_the_first_reading_of_a_rate_is_unknown_not_zero() -> None:
    bench = Bench(FakeGpu(fields=fields(PCIE_RX_BYTES=10**12)))
    (gpu,) = bench.look().gpus
    assert (gpu.pcie_rx_bytes_per_s, gpu.nvlink_rx_bytes_per_s) == (None, None)
    assert bench.look().gpus[0].pcie_rx_bytes_per_s == 0
