from __future__ import annotations

from dataclasses import replace

import pytest

from runners.events import ErrorKind
from runners.worker.errors import WorkerError, failure_of
from runners.workloads import JobSettings

SETTINGS = JobSettings(workload="mlp", device="cuda:0", batch_size=64, epochs=1, workers=4)
OUT_OF_SHARED = "The 4 loader processes ran out of shared memory (/dev/shm) at batch size 64."


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


@pytest.mark.parametrize(
    ("error", "kind", "message", "remedy"),
    [
        (
            OutOfMemoryError("tried to allocate"),
            ErrorKind.OUT_OF_MEMORY,
            "cuda:0 ran out of memory at batch size 64.",
            "--batch-size 32",
        ),
        (
            RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
            ErrorKind.OUT_OF_MEMORY,
            "cuda:0 ran out of memory at batch size 64.",
            "--batch-size 32",
        ),
        (
            RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later"),
            ErrorKind.OUT_OF_MEMORY,
            "cuda:0 ran out of memory at batch size 64.",
            "--batch-size 32",
        ),
        (
            MemoryError(),
            ErrorKind.OUT_OF_MEMORY,
            "The machine ran out of memory at batch size 64.",
            "--batch-size 32",
        ),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
            ErrorKind.OUT_OF_MEMORY,
            "The machine ran out of memory at batch size 64.",
            "--batch-size 32",
        ),
        (
            RuntimeError("DataLoader worker (pid 7) is killed by signal: Bus error."),
            ErrorKind.SHARED_MEMORY,
            OUT_OF_SHARED,
            "--shm-size",
        ),
        (
            RuntimeError(
                "Caught RuntimeError in DataLoader worker process 1.\nRuntimeError: unable to "
                "allocate shared memory(shm) for file </torch_6_2_8>: No space left on device (28)"
            ),
            ErrorKind.SHARED_MEMORY,
            OUT_OF_SHARED,
            "--batch-size 32",
        ),
        (
            RuntimeError("unable to mmap 9 bytes from file </torch_1_2>: Cannot allocate memory"),
            ErrorKind.OUT_OF_MEMORY,
            "The machine ran out of memory at batch size 64.",
            "--batch-size 32",
        ),
        (
            RuntimeError("unable to write to file </torch_739_1_4>: No space left on device (28)"),
            ErrorKind.SHARED_MEMORY,
            OUT_OF_SHARED,
            "fewer --workers",
        ),
        (
            RuntimeError(
                "unable to open shared memory object </torch_1_2> in read-write mode: "
                "Too many open files (24)"
            ),
            ErrorKind.EXCEPTION,
            "The job ran out of open files: each batch of a loader process takes some.",
            "ulimit -n",
        ),
        (
            RuntimeError("received 0 items of ancdata"),
            ErrorKind.EXCEPTION,
            "The job ran out of open files: each batch of a loader process takes some.",
            "ulimit -n",
        ),
        (
            RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. "),
            ErrorKind.OUT_OF_MEMORY,
            "A loader process was killed, most likely because the machine ran out of memory.",
            "fewer --workers",
        ),
        (
            RuntimeError("InvalidCxxCompiler: No working C++ compiler found"),
            ErrorKind.EXCEPTION,
            "torch.compile needs a C++ compiler, and there is none.",
            "g++",
        ),
        (
            RuntimeError("RuntimeError: Failed to find C compiler. Please specify via CC"),
            ErrorKind.EXCEPTION,
            "torch.compile needs a C++ compiler, and there is none.",
            "g++",
        ),
        (
            RuntimeError("Command '['/usr/bin/gcc', '/tmp/x/cuda_utils.c']' returned status 1"),
            ErrorKind.EXCEPTION,
            "torch.compile could not build its GPU part; Python's header files may be missing.",
            "python3-dev",
        ),
        (
            RuntimeError("CUDA error: no kernel image is available for execution on the device"),
            ErrorKind.DEVICE_MISSING,
            "This torch has no code for the GPU cuda:0: it is too old or too new.",
            "--devices cpu",
        ),
    ],
)
def test_a_known_error_is_told_with_its_remedy_and_its_traceback(
    error: Exception, kind: ErrorKind, message: str, remedy: str
) -> None:
    failed = failure_of(error, SETTINGS)
    assert (failed.error, failed.message) == (kind, message)
    assert remedy in (failed.remedy or "")
    assert type(error).__name__ in (failed.traceback or "")


def test_without_loader_processes_it_is_unpacking_that_ran_out_of_shared_memory() -> None:
    error = RuntimeError("DataLoader worker (pid 7) is killed by signal: Bus error.")
    failed = failure_of(error, replace(SETTINGS, workers=0))
    assert failed.error is ErrorKind.SHARED_MEMORY
    assert failed.message.startswith("The processes that unpack the images ran out")
    assert "--workers" not in (failed.remedy or "")


def test_an_unknown_error_is_told_by_its_first_line_with_the_traceback() -> None:
    failed = failure_of(ValueError("first {batch}\nsecond"), SETTINGS)
    assert failed.error is ErrorKind.EXCEPTION
    assert failed.message == "ValueError: first {batch}"
    assert failed.remedy is None
    assert "second" in (failed.traceback or "")


def test_an_error_of_our_own_needs_no_traceback() -> None:
    failed = failure_of(WorkerError(ErrorKind.DATA_MISSING, "gone", "look"), SETTINGS)
    assert (failed.error, failed.message, failed.remedy, failed.traceback) == (
        ErrorKind.DATA_MISSING,
        "gone",
        "look",
        None,
    )
