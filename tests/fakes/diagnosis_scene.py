"""A scripted diagnosis, for tests of the screen and for its pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from runners.events import (
    DataReady,
    EpochFinished,
    EpochStarted,
    EvaluationFinished,
    Event,
    JobDone,
    Phases,
    StepProgress,
    StepTimes,
)
from runners.machine.figures import EnergySource, EpochMachine
from runners.process_events import EpochObserved
from runners.workloads import WHOLE_LOOP, JobSettings, Probe, Variant
from tests.fakes import scenes

ON_GPU: dict[Probe, float] = {
    Probe.UNTESTED: 12_800.0,
    Probe.LOADER: 13_900.0,
    Probe.HOST_CACHED: 98_000.0,
    Probe.CACHED: 115_000.0,
    Probe.UNREAD: 117_000.0,
}
ON_CPU: dict[Probe, float] = {
    Probe.UNTESTED: 13_050.0,
    Probe.LOADER: 22_500.0,
    Probe.CACHED: 30_800.0,
}
"""Samples a second of each run."""
SAMPLE_BYTES = 784 * 4
TUNED_GAIN = {"cpu": 1.93, "cuda:0": 8.86}
_SHARES: dict[Probe, tuple[float, ...]] = {
    Probe.UNTESTED: (0.86, 0.02, 0.04, 0.05, 0.02),
    Probe.LOADER: (0.99, 0.0, 0.0, 0.0, 0.0),
    Probe.HOST_CACHED: (0.03, 0.14, 0.3, 0.38, 0.13),
    Probe.CACHED: (0.02, 0.0, 0.36, 0.45, 0.15),
    Probe.UNREAD: (0.02, 0.0, 0.36, 0.45, 0.15),
}


def diagnosis_script(
    *, stops_at: int | None = None, fails: Probe | None = None
) -> Callable[[JobSettings], Sequence[Event]]:
    """A loader that limits, in every run of a diagnosis and of a remedy.

    Args:
        stops_at: The run, counted from 1, that stays under way; None for none.
        fails: The probe whose runs fail.
    """
    started = 0

    def script(settings: JobSettings) -> Sequence[Event]:
        nonlocal started
        started += 1
        is_accelerator = settings.device != "cpu"
        beginning = [
            replace(event, train_samples=_samples(settings))
            if isinstance(event, DataReady)
            else event
            for event in scenes.start_events(0, accelerator=is_accelerator)
        ]
        if fails is not None and settings.probe is fails:
            return [*beginning[:1], scenes.failing_script(replace(settings, device="cuda:0"))[-1]]
        events: list[Event] = list(beginning)
        last = settings.epochs if started != stops_at else settings.epochs - 1
        for number in range(1, last + 1):
            events += _epoch(settings, number, wobble=1 + 0.01 * (started % 5) + 0.002 * number)
        if started == stops_at:
            return [*events, *_under_way(settings)]
        return [*events, JobDone(interrupted=False, dropped_events=0)]

    return script


def epoch_finished(settings: JobSettings, number: int, *, wobble: float = 1.0) -> EpochFinished:
    """One epoch of a job, as long as its speed has it; the first takes longer."""
    samples = _samples(settings)
    epoch_s = wobble * samples / _speed(settings) * (1.6 if number == 1 else 1.0)
    steps = -(-samples // settings.batch_size)
    is_accelerator = settings.device != "cpu"
    copies = is_accelerator and settings.probe in (*WHOLE_LOOP, Probe.HOST_CACHED)
    step_s = epoch_s / steps
    return EpochFinished(
        epoch=number,
        started_mono_s=1000.0 + 10 * number,
        epoch_s=epoch_s,
        process_s=1.02 * epoch_s,
        samples=samples,
        steps=steps,
        train_loss=0.9 / (number + 0.8),
        phases=_phases(settings, epoch_s, copies=copies),
        phase_clock="device" if is_accelerator else "host",
        step_times=StepTimes(
            steps=steps - 1,
            whole_s=tuple(step_s * share for share in (0.9, 0.95, 0.99, 1.02, 1.3, 3.1)),
        ),
        copied_bytes=SAMPLE_BYTES * samples if copies else None,
        core_wait_s=0.004 * epoch_s,
        peak_memory_bytes=612 * 1024**2,
        mono_s=1000.0,
    )


def machine(number: int, settings: JobSettings, epoch_s: float) -> EpochMachine:
    """What the machine did: on a GPU, heat slows the first epoch."""
    if settings.device == "cpu":
        return EpochMachine(
            looks=3,
            cpu_busy_pct=52.0,
            own_cores_busy=1.0,
            other_cores_busy=0.1,
            throttled_s=0.0,
            pressure_cpu_pct=4.0,
            pressure_io_pct=0.0,
            disk_read_bytes=0.0,
        )
    is_hot = number == 1
    return EpochMachine(
        looks=4,
        gpu_busy_pct=31.0,
        gpu_busy_min_pct=12.0,
        power_w=188.0 + number,
        energy_j=(188.0 + number) * epoch_s,
        energy_source=EnergySource.GPU_COUNTER,
        temperature_c=54.0 + 10 * is_hot,
        sm_clock_mhz=1410.0 if is_hot else 1980.0,
        sm_clock_min_mhz=1200.0,
        sm_clock_max_mhz=1980.0,
        clock_limit_s={"hw-thermal": 0.8 * epoch_s} if is_hot else {},
        cpu_busy_pct=21.0,
        own_cores_busy=1.1,
        other_cores_busy=2.3,
        throttled_s=0.0,
        pressure_cpu_pct=12.0,
        pressure_io_pct=0.0,
        disk_read_bytes=1_200_000.0,
    )


def _epoch(settings: JobSettings, number: int, *, wobble: float) -> list[Event]:
    finished = epoch_finished(settings, number, wobble=wobble)
    return [
        _started(settings, number),
        finished,
        EvaluationFinished(
            epoch=number, eval_s=0.02, samples=100, test_loss=0.4, test_accuracy=0.85
        ),
        EpochObserved(epoch=number, machine=machine(number, settings, finished.epoch_s)),
    ]


def _under_way(settings: JobSettings) -> list[Event]:
    """Two thirds of the last epoch."""
    whole = epoch_finished(settings, settings.epochs)
    elapsed_s = 0.66 * whole.epoch_s
    progress = StepProgress(
        epoch=settings.epochs,
        step=whole.steps * 2 // 3,
        steps=whole.steps,
        samples=int(0.66 * whole.samples),
        elapsed_s=elapsed_s,
        phases=_phases(settings, elapsed_s, copies=whole.copied_bytes is not None),
        train_loss=0.41,
        mono_s=1032.0,
    )
    return [_started(settings, settings.epochs), progress]


def _started(settings: JobSettings, number: int) -> EpochStarted:
    samples = _samples(settings)
    return EpochStarted(
        epoch=number,
        epochs=settings.epochs,
        steps=-(-samples // settings.batch_size),
        samples=samples,
        mono_s=1030.0,
    )


def _phases(settings: JobSettings, epoch_s: float, *, copies: bool) -> Phases:
    shares = _SHARES[settings.probe or Probe.UNTESTED]
    if settings.device == "cpu" and settings.probe in WHOLE_LOOP:
        shares = (0.45, 0.0, 0.19, 0.26, 0.07)
    data, copy, forward, backward, optimizer = (share * epoch_s for share in shares)
    return Phases(
        data_wait_s=data,
        host_to_device_s=copy if copies else 0.0,
        forward_s=forward,
        backward_s=backward,
        optimizer_s=optimizer,
    )


def _samples(settings: JobSettings) -> int:
    return settings.train_samples or 60_000


def _speed(settings: JobSettings) -> float:
    speeds = ON_CPU if settings.device == "cpu" else ON_GPU
    gain = TUNED_GAIN.get(settings.device, 1.0) if settings.variant is Variant.TUNED else 1.0
    return speeds[settings.probe or Probe.UNTESTED] * gain
