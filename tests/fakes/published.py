"""Comparisons that people published, as the events that would have led to their figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runners.events import (
    DataReady,
    DeviceReady,
    EvaluationFinished,
    Event,
    Hello,
    JobDone,
    LatencyMeasured,
    LayersMeasured,
    LayerTimes,
    Phases,
    Stage,
    StageFinished,
)
from runners.process_events import WorkerExited, WorkerStarted
from runners.spec import Order, Plan, Request, differing, expand
from runners.state import ComparisonState
from tests.fakes.training import epoch, replayed

# Process and wall seconds of 4 calls, by machine and run.
LINUX_CPU = (
    ((48.27, 23.04), (34.43, 9.37), (34.32, 9.32), (34.32, 9.28)),
    ((48.39, 23.12), (34.54, 9.42), (34.49, 9.34), (34.35, 9.31)),
    ((48.42, 23.06), (34.51, 9.42), (34.41, 9.30), (34.26, 9.27)),
)
GTX_1080 = (
    ((15.41, 15.33), (0.2151, 0.2049), (0.1783, 0.1785), (0.1828, 0.1778)),
    ((15.40, 15.32), (0.1839, 0.1784), (0.1821, 0.1779), (0.1834, 0.1779)),
    ((15.46, 15.38), (0.1841, 0.1782), (0.1827, 0.1780), (0.1825, 0.1780)),
)
# Average seconds of an epoch by batch size, and the CPU's.
BATCHES = {16: 42.8, 32: 34.5, 64: 29.0, 128: 24.2, 256: 23.8}
CPU_BATCH_64_S = 415.0
FINE_TUNE_SAMPLES = 48_000
# Seconds of ten epochs by workload, on a CPU and on its accelerator.
MODEL_SIZES = {
    "fashion-cnn": (73.0, 62.0),
    "cnn5": (180.0, 45.0),
    "cifar-resnet18-full": (900.0, 90.0),
    "resnet50": (2700.0, 180.0),
    "transformer-50m": (7200.0, 480.0),
}
# Seconds of the epochs, of the test, of the set-up and latencies of an MNIST CNN, 5 x 60,000.
MNIST_CPU_S = (162.2, 162.2, 162.2, 162.2, 162.22)
MNIST_GPU_S = (22.0, 3.5, 3.5, 3.47, 3.5)


def planned(request: Request, *, trials: int = 1) -> Plan:
    """A plan of a request without cores, threads or data."""
    jobs = expand(request, data_dir=None, cache_dir=None)
    axes = differing([job.settings for job in jobs])
    return Plan(order=request.order, trials=trials, jobs=jobs, axes=axes)


def opening(
    device: str, *, samples: int, test_samples: int = 10_000, name: str = "MNIST"
) -> list[Event]:
    """What a worker says before it trains."""
    return [
        WorkerStarted(pid=1, mono_s=0.0),
        Hello(pid=1, python="3.11.9", cores=(0, 1), wall_s=1_700_000_000.0),
        StageFinished(stage=Stage.IMPORT, took_s=1.2),
        StageFinished(stage=Stage.DEVICE_INIT, took_s=0.3),
        DeviceReady(device_name=device, versions={"torch": "2.15"}, threads=2),
        StageFinished(stage=Stage.DATA_LOAD, took_s=0.47),
        StageFinished(stage=Stage.PREPROCESS, took_s=0.29),
        DataReady(
            source="real", name=name, path="-", train_samples=samples, test_samples=test_samples
        ),
        StageFinished(stage=Stage.MODEL_BUILD, took_s=0.158),
    ]


def ending() -> list[Event]:
    """What a worker says last, and its end."""
    return [
        JobDone(interrupted=False, dropped_events=0),
        WorkerExited(returncode=0, stopped=False, oom_killed=False, mono_s=1000.0),
    ]


def trained(
    device: str,
    times_s: Sequence[float],
    *,
    samples: int,
    batch_size: int,
    eval_s: float | None = None,
    accuracy: float = 0.9,
    name: str = "MNIST",
    **changes: Any,
) -> list[Event]:
    """A whole run with these epochs, each tested where a time of the test is given."""
    events = opening(device, samples=samples, name=name)
    steps = -(-samples // batch_size)
    for number, time_s in enumerate(times_s, 1):
        events.append(epoch(number, time_s, samples=samples, steps=steps, **changes))
        if eval_s is not None:
            events.append(
                EvaluationFinished(
                    epoch=number,
                    eval_s=eval_s,
                    samples=10_000,
                    test_loss=0.1,
                    test_accuracy=accuracy,
                )
            )
    return [*events, *ending()]


def calls() -> ComparisonState:
    """12 calls of one batch on a CPU, and on the GPU of the same box."""
    request = Request(workloads=("resnet63",), devices=("cpu", "cuda:0"))

    def run(device: str, timed: Sequence[tuple[float, float]]) -> list[Event]:
        epochs: list[Event] = [
            epoch(n, wall_s, samples=64, steps=1, process_s=process_s)
            for n, (process_s, wall_s) in enumerate(timed, 1)
        ]
        return [*opening(device, samples=64, name="CIFAR10"), *epochs, *ending()]

    runs = [
        run(device, timed)
        for pair in zip(LINUX_CPU, GTX_1080, strict=True)
        for device, timed in zip(("i5-7500", "GTX 1080"), pair, strict=True)
    ]
    return replayed(planned(request, trials=3), *runs)


def batches() -> ComparisonState:
    """A fine-tune by batch size on a GPU, with one row of the CPU."""
    request = Request(
        workloads=("cifar-resnet18",),
        devices=("cuda:0",),
        baseline="cpu",
        batch_sizes=tuple(BATCHES),
    )
    times_s = [(64, CPU_BATCH_64_S), *BATCHES.items()]
    runs = [
        trained("a device", (time_s,), samples=FINE_TUNE_SAMPLES, batch_size=size, name="CIFAR10")
        for size, time_s in times_s
    ]
    return replayed(planned(request), *runs)


def model_sizes() -> ComparisonState:
    """A ladder of five models, ten epochs each."""
    request = Request(workloads=tuple(MODEL_SIZES), devices=("cpu", "mps"), epochs=(10,))
    runs = [
        trained(device, (total_s / 10,) * 10, samples=60_000, batch_size=100)
        for pair in MODEL_SIZES.values()
        for device, total_s in zip(("M2", "M2 GPU"), pair, strict=True)
    ]
    return replayed(planned(request), *runs)


def mnist() -> ComparisonState:
    """Five epochs of an MNIST CNN, with everything measured around them."""
    request = Request(
        workloads=("mnist-cnn",), devices=("cpu", "cuda:0"), layers=True, order=Order.IN_TURN
    )
    return replayed(
        planned(request),
        _mnist("A CPU", MNIST_CPU_S, 6.98, 0.9931, (91.29, 23.87), (14.36, 12.0)),
        mnist_run(),
    )


def mnist_run() -> list[Event]:
    """The GPU's run of the MNIST CNN."""
    return _mnist("A GPU", MNIST_GPU_S, 2.24, 0.9925, (62.58, 7.88), (181.12, 0.5))


def _mnist(
    device: str,
    times_s: Sequence[float],
    eval_s: float,
    accuracy: float,
    latency: tuple[float, float],
    layer_ms: tuple[float, float],
) -> list[Event]:
    mean_ms, std_ms = latency
    whole = trained(
        device,
        times_s,
        samples=60_000,
        batch_size=128,
        eval_s=eval_s,
        accuracy=accuracy,
        process_s=170.0 if "CPU" in device else 4.0,
        phases=Phases(data_wait_s=0.5, forward_s=1.0, backward_s=1.5, optimizer_s=0.25),
        peak_memory_bytes=2**30,
        peak_reserved_bytes=2**31 if "GPU" in device else None,
        peak_device_used_bytes=3 * 2**30 if "GPU" in device else None,
    )
    measured: list[Event] = [
        LatencyMeasured(latencies_ms=(mean_ms - std_ms, mean_ms, mean_ms + std_ms)),
        LayersMeasured(
            batch_size=1,
            layers=(
                LayerTimes(name="0", layer="Conv2d", cold_ms=layer_ms[0], warm_ms=(layer_ms[1],)),
                LayerTimes(name="1", layer="ReLU", cold_ms=1.0, warm_ms=(0.5, 0.7, 0.6)),
            ),
        ),
    ]
    return [*whole[:-2], *measured, *whole[-2:]]
