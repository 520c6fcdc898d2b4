"""Host, GPUs and processes in one reading."""

from __future__ import annotations

import threading
from pathlib import Path

from sensors.gpu_readings import DriverReading, NvmlState
from sensors.gpus.nvml_errors import Code
from sensors.host import Host
from sensors.machine import Machine
from sensors.nvidia import NvidiaGpus, NvidiaReading
from sensors.processes import Processes
from sensors.readings import Reading
from sensors.wanted import Wanted
from tests.fakes.clock import FakeClock
from tests.fakes.nvml import FakeGpu, FakeNvml, answers, process
from tests.fakes.reading_source import PATIENCE_S


def read(tmp_path: Path, nvml: FakeNvml) -> Reading:
    machine = Machine(
        gpus=NvidiaGpus(nvml),
        host=Host(tmp_path),
        processes=Processes(0),
        clock=FakeClock(50.0),
        wall_clock=FakeClock(1.7e9),
    )
    try:
        return machine.read(gpu_wait_s=PATIENCE_S)
    finally:
        machine.close()


def test_a_reading_puts_all_parts_together(tmp_path: Path) -> None:
    listed = {"nvmlDeviceGetComputeRunningProcesses_v3": [process(3_999_999_999)]}
    reading = read(tmp_path, FakeNvml(FakeGpu(answers(**listed))))
    assert (reading.taken_at_s, reading.wall_time_s, reading.took_s) == (50, 1.7e9, 0)
    assert reading.driver.state is NvmlState.OK
    assert reading.host.hostname
    assert [gpu.name for gpu in reading.gpus] == ["NVIDIA H200"]
    assert [(row.pid, row.command) for row in reading.processes] == [(3_999_999_999, None)]
    assert reading.problems == ()


def test_the_drivers_problems_are_the_readings(tmp_path: Path) -> None:
    nvml = FakeNvml()
    nvml.init_code = Code.DRIVER_NOT_LOADED
    reading = read(tmp_path, nvml)
    assert reading.driver.state is NvmlState.NO_DRIVER
    assert [problem.source for problem in reading.problems] == ["nvml"]


class HangingGpus:
    """Answers the first question and no other until it is let."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._has_answered = False
        self.may_answer = threading.Event()

    is_open = True

    def read(self, wanted: Wanted) -> NvidiaReading:
        del wanted
        if self._has_answered:
            assert self.may_answer.wait(PATIENCE_S)
        self._has_answered = True
        return NvidiaReading(driver=DriverReading(state=NvmlState.OK), taken_at_s=self._clock())

    def idle(self) -> bool:
        return False

    def close(self) -> None:
        pass


def test_a_reading_tells_how_old_its_look_at_the_gpus_is(tmp_path: Path) -> None:
    clock = FakeClock(50.0)
    gpus = HangingGpus(clock)
    machine = Machine(gpus=gpus, host=Host(tmp_path), processes=Processes(0), clock=clock)
    ages: list[float | None] = []
    try:
        for _ in range(4):
            ages.append(machine.read(gpu_wait_s=PATIENCE_S if not ages else 0.0).gpus_age_s)
            clock.advance(1.0)
    finally:
        gpus.may_answer.set()
        machine.close()
    assert ages == [0.0, 1.0, 2.0, 3.0]


def test_processes_that_nobody_wants_are_not_looked_for(tmp_path: Path) -> None:
    listed = {"nvmlDeviceGetComputeRunningProcesses_v3": [process(3_999_999_999)]}
    nvml = FakeNvml(FakeGpu(answers(**listed)))
    machine = Machine(gpus=NvidiaGpus(nvml), host=Host(tmp_path))
    try:
        reading = machine.read(gpu_wait_s=PATIENCE_S, wanted=Wanted(processes=False))
    finally:
        machine.close()

    assert reading.processes == ()
    assert len(reading.gpus) == 1
    asked = [call for call in nvml.calls if isinstance(call, str)]
    assert "nvmlDeviceGetUtilizationRates" in asked
    assert not any("Process" in call for call in asked)
