"""Scripted machines and races, for tests of the screen and for its pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from runners.events import (
    DataReady,
    DeviceReady,
    EpochFinished,
    EpochStarted,
    ErrorKind,
    EvaluationFinished,
    Event,
    JobDone,
    JobFailed,
    ModelReady,
    Phases,
    Stage,
    StageFinished,
    StepProgress,
)
from runners.process_events import LogLine, WorkerStarted
from runners.workloads import JobSettings, Variant
from sensors.gpu_readings import DriverReading, GpuReading, NvmlState
from sensors.readings import HostReading, ProcessReading, Reading
from sensors.wanted import Wanted
from tests.fakes.gpus import EPOCH_START_S as EPOCH_START_S
from tests.fakes.gpus import GIB
from tests.fakes.gpus import gpu as gpu

CPU_WORKER = 31000
ACCELERATOR_WORKER = 21407


def host(second: float, *, cores: int = 16) -> HostReading:
    """A 96-core host of which a container gives some, at a second of its scene."""
    own = tuple(50 + 45 * math.sin(second / 3 + core) for core in range(cores))
    others = tuple(6 + 5 * math.sin(second / 7 + core) for core in range(cores, 96))
    busy = sum((*own, *others)) / 96
    return HostReading(
        hostname="gpu-box",
        system="Linux 6.8.0",
        uptime_s=3 * 86400 + 4 * 3600 + second,
        cpu_name="AMD EPYC 9654",
        cores_total=96,
        cores_usable=float(cores),
        cores_limit="cgroup",
        usable_core_ids=tuple(range(cores)),
        cpu_busy_pct=busy,
        cpu_user_pct=0.8 * busy,
        cpu_system_pct=0.2 * busy,
        cpu_iowait_pct=1.5,
        cpu_steal_pct=0.0,
        core_busy_pct=own + others,
        group_busy_cores=sum(own) / 100,
        frequency_mhz=2900.0,
        frequency_max_mhz=3707.0,
        temperature_c=71.0,
        package_power_w=214.0,
        tasks_total=1_204,
        tasks_running=17,
        load_1_min=14.2,
        load_5_min=12.03,
        load_15_min=9.87,
        memory_used_bytes=int(22.1 * GIB),
        memory_total_bytes=128 * GIB,
        memory_limit="cgroup",
        memory_cached_bytes=int(41.7 * GIB),
        swap_used_bytes=0,
        swap_total_bytes=8 * GIB,
        disk_read_bytes_per_s=212e6,
        disk_write_bytes_per_s=1.4e6,
        network_rx_bytes_per_s=3.1e6,
        network_tx_bytes_per_s=88e3,
        pressure_cpu_pct=12.0,
        pressure_io_pct=0.0,
        pressure_memory_pct=0.0,
        pressure_io_full_pct=0.0,
        pressure_memory_full_pct=0.0,
        throttled_s=3.4,
    )


def small_host(second: float) -> HostReading:
    """A virtual machine of two cores that tells little."""
    shares = (35 + 20 * math.sin(second), 20.0)
    return HostReading(
        hostname="vm",
        system="Linux 6.1.0",
        uptime_s=3600 + second,
        cpu_name="Intel Xeon Processor",
        cores_total=2,
        cores_usable=2.0,
        usable_core_ids=(0, 1),
        cpu_busy_pct=sum(shares) / 2,
        cpu_user_pct=sum(shares) / 2 - 4,
        cpu_system_pct=4.0,
        cpu_iowait_pct=7.0,
        cpu_steal_pct=2.0,
        core_busy_pct=shares,
        load_1_min=0.71,
        load_5_min=0.5,
        load_15_min=0.3,
        memory_used_bytes=int(1.21 * GIB),
        memory_total_bytes=int(7.8 * GIB),
    )


def processes(gpus: int) -> tuple[ProcessReading, ...]:
    """Two processes a GPU, the worker on the CPU, and three of the host."""
    on_gpu = [
        ProcessReading(
            pid=21407 + 100 * number,
            user="ana" if number % 2 else "root",
            gpu_uuid=f"GPU-{number // 2:08d}-0000-0000-0000-000000000000",
            gpu_index=number // 2,
            gpu_memory_bytes=int((0.61 + 4.2 * number) * GIB),
            gpu_busy_pct=58.0 / (number + 1),
            gpu_memory_busy_pct=21.0 / (number + 1),
            gpu_use="C",
            parent_pid=1,
            state="R",
            threads=38,
            cpu_pct=104.0,
            cpu_time_s=4160.0 * number + 24,
            memory_bytes=int(2.1 * GIB),
            started_at_s=EPOCH_START_S - 4000 * number,
            command="python train.py --model resnet50 --epochs 90",
        )
        for number in range(2 * gpus)
    ]
    on_host = [
        ProcessReading(
            pid=900 + number,
            user="root",
            parent_pid=1,
            state="S",
            threads=12,
            cpu_pct=30.0 - 10 * number,
            cpu_time_s=9000.0 / (number + 1),
            memory_bytes=(number + 1) * GIB // 8,
            started_at_s=EPOCH_START_S - 86400,
            command=name,
        )
        for number, name in enumerate(("dockerd", "node_exporter", "sshd: ana@pts/3"))
    ]
    worker = ProcessReading(
        pid=CPU_WORKER,
        user="root",
        parent_pid=1,
        state="R",
        threads=31,
        cpu_pct=1387.0,
        cpu_time_s=333.0,
        memory_bytes=int(1.4 * GIB),
        started_at_s=EPOCH_START_S,
        command="python -m runners.worker",
    )
    return (*on_gpu, worker, *on_host)


def reading(
    second: float,
    *,
    gpus: int = 1,
    driver: DriverReading | None = None,
    cards: Sequence[GpuReading] | None = None,
) -> Reading:
    """The machine at a second of its scene; with `cards` instead of so many H200."""
    return Reading(
        taken_at_s=1000.0 + second,
        wall_time_s=EPOCH_START_S + second,
        took_s=0.003,
        host=host(second),
        driver=driver
        or DriverReading(state=NvmlState.OK, driver_version="580.159", cuda_version="13.0"),
        gpus=tuple(gpu(index, second) for index in range(gpus)) if cards is None else tuple(cards),
        processes=processes(gpus),
    )


NO_DRIVER = DriverReading(
    state=NvmlState.NO_LIBRARY,
    problem="No NVIDIA driver: the library libnvidia-ml.so.1 was not found.",
    remedy="Without an NVIDIA GPU nothing is missing. With one, install its driver.",
)


def start_events(job: int, *, accelerator: bool) -> list[Event]:
    """A worker comes up."""
    pid = ACCELERATOR_WORKER if accelerator else CPU_WORKER + job
    return [
        WorkerStarted(pid=pid, mono_s=1000.0),
        StageFinished(stage=Stage.IMPORT, took_s=2.1, mono_s=1002.0),
        DeviceReady(
            device_name="NVIDIA H200" if accelerator else "AMD EPYC 9654",
            versions={"torch": "2.15.0"},
            threads=2 if accelerator else 14,
        ),
        StageFinished(stage=Stage.DATA_LOAD, took_s=0.4, mono_s=1003.0),
        DataReady(
            source="generated",
            name="FashionMNIST",
            path="/cache",
            train_samples=60_000,
            test_samples=10_000,
        ),
        ModelReady(parameters=36_758, trainable_parameters=36_758),
        LogLine(stream="stdout", text=f"training on {'cuda:0' if accelerator else 'cpu'}"),
    ]


def epoch_events(number: int, epoch_s: float, *, phases: tuple[float, ...]) -> list[Event]:
    """One epoch of 600 steps; phases as shares of it, in the order of `Phases`."""
    start_s = 1000.0 + 10 * number
    return [
        EpochStarted(epoch=number, epochs=10, steps=600, samples=60_000, mono_s=start_s),
        EpochFinished(
            epoch=number,
            started_mono_s=start_s,
            epoch_s=epoch_s,
            process_s=epoch_s,
            samples=60_000,
            steps=600,
            train_loss=0.9 / (number + 0.8),
            train_accuracy=0.8,
            phases=_phases(phases, epoch_s),
            peak_memory_bytes=612 * 1024**2,
            mono_s=start_s + epoch_s,
        ),
        EvaluationFinished(
            epoch=number,
            eval_s=0.6,
            samples=10_000,
            test_loss=0.3,
            test_accuracy=0.9 - 0.2 / number,
            mono_s=start_s + epoch_s + 0.6,
        ),
    ]


def _phases(shares: tuple[float, ...], took_s: float) -> Phases:
    data, copy, forward, backward, optimizer = (share * took_s for share in shares)
    return Phases(
        data_wait_s=data,
        host_to_device_s=copy,
        forward_s=forward,
        backward_s=backward,
        optimizer_s=optimizer,
    )


CPU_PHASES = (0.41, 0.0, 0.2, 0.28, 0.08)
LATER_CPU_PHASES = (0.36, 0.0, 0.22, 0.3, 0.09)
GPU_PHASES = (0.71, 0.02, 0.08, 0.11, 0.05)


def racing_script(settings: JobSettings) -> Sequence[Event]:
    """The CPU is in its third epoch; anything faster has done all ten."""
    if settings.device == "cpu" and settings.variant is Variant.AS_WRITTEN:
        events = start_events(0, accelerator=False)
        for number, epoch_s in enumerate((8.02, 7.29), start=1):
            events += epoch_events(number, epoch_s, phases=CPU_PHASES)
        return events + _in_epoch(3, step=222, elapsed_s=2.7, phases=LATER_CPU_PHASES)
    events = start_events(1, accelerator=settings.device != "cpu")
    for number in range(1, 11):
        epoch_s = 4.9 if number == 1 else 1.83 + 0.05 * math.sin(7 * number)
        events += epoch_events(number, epoch_s, phases=GPU_PHASES)
    return [*events, JobDone(interrupted=False, dropped_events=0)]


def failing_script(settings: JobSettings) -> Sequence[Event]:
    """The CPU trains; the GPU lane could not start."""
    if settings.device == "cpu":
        return start_events(0, accelerator=False) + _in_epoch(1, step=100, elapsed_s=1.5)
    failure = JobFailed(
        error=ErrorKind.DEVICE_MISSING,
        message=f"{settings.device} was asked for, but this torch is a build without CUDA.",
        remedy="Install the ordinary build: pip install --force-reinstall torch torchvision",
    )
    return [WorkerStarted(pid=21507, mono_s=1000.0), failure]


def sweeping_script(settings: JobSettings) -> Sequence[Event]:
    """Three epochs, each with a fixed cost a step beside that of the samples."""
    steps = -(-60_000 // settings.batch_size)
    events = start_events(0, accelerator=True)
    for number in (1, 2, 3):
        epoch_s = 1.1 + 0.0009 * steps + (1.5 if number == 1 else 0.0)
        events += [
            replace(event, steps=steps) if isinstance(event, EpochFinished) else event
            for event in epoch_events(number, epoch_s, phases=GPU_PHASES)
        ]
    return events


def swept_script(settings: JobSettings) -> Sequence[Event]:
    """The same to the end; the batch of 400 does not fit into the memory."""
    if settings.batch_size == 400:
        message = "Out of memory: 3.1 GiB asked for, 1.0 GiB free."
        failed = JobFailed(error=ErrorKind.OUT_OF_MEMORY, message=message)
        return [*start_events(0, accelerator=True)[:1], failed]
    return [*sweeping_script(settings), JobDone(interrupted=False, dropped_events=0)]


def _in_epoch(
    number: int, *, step: int, elapsed_s: float, phases: tuple[float, ...] | None = None
) -> list[Event]:
    return [
        EpochStarted(epoch=number, epochs=10, steps=600, samples=60_000, mono_s=1030.0),
        StepProgress(
            epoch=number,
            step=step,
            steps=600,
            samples=100 * step,
            elapsed_s=elapsed_s,
            phases=_phases(phases, elapsed_s) if phases else Phases(),
            train_loss=0.412,
            mono_s=1032.0,
        ),
    ]


class ScriptedSampler:
    """Stands in for the sampler: readings come when the scene says so."""

    def __init__(
        self,
        on_reading: Callable[[Reading], None],
        *,
        interval_s: float,
        wanted: Callable[[], Wanted] = Wanted,
    ) -> None:
        self.on_reading = on_reading
        self.interval_s = interval_s
        self.wanted = wanted
        self.is_running = False
        self.asked = 0

    def start(self) -> None:
        """Begin; nothing comes by itself."""
        self.is_running = True

    def read_now(self) -> None:
        """Count that a reading was asked for."""
        self.asked += 1

    def stop(self) -> None:
        """End."""
        self.is_running = False
