"""Steps: faults that are planted, and what the product makes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.figures import NotMeasuredError
from benchmarks.gpu.findings import Findings, Setting
from benchmarks.gpu.racing import run_comparison, workers_left
from runners.comparison import Comparison
from runners.events import EpochFinished, ErrorKind, Event
from runners.spec import Order, Request, RunKey
from runners.state import RunState, RunStatus
from runners.workloads import Variant
from sensors.nvidia import NvidiaGpus

_MIB = 1 << 20
_FREED_WITHIN_BYTES = 64 * _MIB
_FREED_WITHIN_S = 10.0
_ASK_EVERY_S = 0.2
_LEAVE_BYTES = 3 << 30
_BALLAST_LIMIT_S = 60.0
# A step of mnist-cnn at this batch needs more than what the ballast leaves.
_HUGE_BATCH = 16_384


def check_missing_device(setting: Setting, findings: Findings) -> None:
    """Ask for a GPU that is not there: its lane says so, the other lane runs."""
    request = Request(
        workloads=("fashion-cnn",),
        devices=("cpu", "cuda:99"),
        variants=(Variant.TUNED,),
        epochs=(1,),
        train_samples=2_000,
        test_samples=500,
        order=Order.TOGETHER,
        data="generated",
    )
    state, _ = run_comparison(request, setting)
    cpu, missing = state.runs.values()
    findings.demand(
        "the CPU lane", cpu.status is RunStatus.DONE, found=str(cpu.status), wanted="done"
    )
    _demand_error("the lane of cuda:99", missing, ErrorKind.DEVICE_MISSING, findings)


def check_out_of_memory(setting: Setting, findings: Findings) -> None:
    """Fill the GPU's memory, then train with a huge batch."""
    if setting.is_rehearsal:
        raise NotMeasuredError("The CPU's memory is not filled for a rehearsal.")
    request = Request(
        workloads=("mnist-cnn",),
        devices=(setting.device,),
        batch_sizes=(_HUGE_BATCH,),
        epochs=(1,),
        order=Order.IN_TURN,
        data="generated",
        variants=(Variant.TUNED,),
    )
    with _ballast(setting.device):
        state, _ = run_comparison(request, setting)
    (run,) = state.runs.values()
    _demand_error(f"batch {_HUGE_BATCH}", run, ErrorKind.OUT_OF_MEMORY, findings)
    left = workers_left(state)
    findings.demand("no worker is left", not left, found=str(left), wanted="none")


def check_killed_worker(setting: Setting, findings: Findings) -> None:
    """Kill a worker in the middle of its training: told as such, and its memory comes back."""
    request = Request(
        workloads=("mlp",) if setting.is_rehearsal else ("mnist-cnn",),
        devices=(setting.device,),
        batch_sizes=(2_048,),
        epochs=(500,),
        train_samples=10_000,
        test_samples=1_000,
        order=Order.IN_TURN,
        data="generated",
        variants=(Variant.TUNED,),
    )
    gpus = NvidiaGpus()
    # The first look wakes the driver, which may itself take a little memory.
    memory_by_gpu(gpus)
    before = memory_by_gpu(gpus)
    during: list[dict[str, int]] = []

    def watch(comparison: Comparison, key: RunKey | None, event: Event | None) -> None:
        if key is not None and isinstance(event, EpochFinished) and not during:
            during.append(memory_by_gpu(gpus))
            pid = comparison.state.runs[key].pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)

    state, _ = run_comparison(request, setting, watch=watch)
    (run,) = state.runs.values()
    _demand_error("the killed worker", run, ErrorKind.KILLED, findings)
    left = workers_left(state)
    findings.demand("no worker is left", not left, found=str(left), wanted="none")
    uuid = run.device.device_uuid if run.device else None
    if uuid is None or uuid not in before or not during:
        findings.skip("its GPU memory comes back", "NVML does not tell the memory in use")
    else:
        judge_memory(before[uuid], during[0][uuid], lambda: memory_by_gpu(gpus)[uuid], findings)
    gpus.close()


def memory_by_gpu(gpus: NvidiaGpus) -> dict[str, int]:
    """Bytes in use by identity of the GPU, as far as NVML tells."""
    return {
        gpu.uuid: gpu.memory_used_bytes
        for gpu in gpus.read().gpus
        if gpu.memory_used_bytes is not None
    }


def judge_memory(
    before: int,
    during: int,
    ask: Callable[[], int],
    findings: Findings,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Whether a GPU's memory in use comes down again to what it was, all in bytes."""
    held = during - before
    findings.demand(
        "it held GPU memory", held > _FREED_WITHIN_BYTES, found=_mib(held), wanted="over 64 MiB"
    )
    since_s = clock()
    over = ask() - before
    while over > _FREED_WITHIN_BYTES and clock() - since_s < _FREED_WITHIN_S:
        sleep(_ASK_EVERY_S)
        over = ask() - before
    took_s = clock() - since_s
    findings.numbers |= {"held_bytes": held, "over_bytes": over, "freed_in_s": took_s}
    findings.demand(
        "its GPU memory comes back",
        over <= _FREED_WITHIN_BYTES,
        found=f"{_mib(over)} more than before, after {took_s:.1f} s",
        wanted="at most 64 MiB more, within 10 s",
    )


def _demand_error(what: str, run: RunState, kind: ErrorKind, findings: Findings) -> None:
    error = run.error
    findings.demand(
        f"{what} fails as what it is",
        run.status is RunStatus.FAILED and error is not None and error.kind is kind,
        found=f"{run.status}: {error.kind}: {error.message}" if error else str(run.status),
        wanted=str(kind),
    )
    remedy = error.remedy if error else None
    findings.demand(f"{what} has a remedy", bool(remedy), found=remedy or "none", wanted="a remedy")


@contextmanager
def _ballast(device: str) -> Iterator[None]:
    """A process that leaves little of the GPU's memory."""
    command = [sys.executable, "-m", "benchmarks.gpu.ballast", device, str(_LEAVE_BYTES)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if process.stdout.readline().strip() != b"full":
                raise RuntimeError("the GPU's memory could not be filled")
            yield
        finally:
            process.stdin.close()
            process.wait(_BALLAST_LIMIT_S)


def _mib(size: int) -> str:
    return f"{size / _MIB:,.0f} MiB"
