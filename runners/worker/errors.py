"""What went wrong, for people: a kind, a sentence, and what to do."""

from __future__ import annotations

import traceback

from runners.events import ErrorKind, JobFailed
from runners.workloads import JobSettings

_DEVICE_MEMORY = (
    "CUDA out of memory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "HIP out of memory",
    "MPS backend out of memory",
)
_HOST_MEMORY = ("DefaultCPUAllocator", "can't allocate memory", "Cannot allocate memory")
# A loader process dies of the first where memory it mapped is not there when it is written to.
_SHARED_MEMORY = (
    "Bus error",
    "out of shared memory",
    "insufficient shared memory",
    "unable to allocate shared memory",
    "shared memory object",
    "unable to write to file </torch_",
)
# The second is what Python says where a batch comes that this process has no file left for.
_OPEN_FILES = ("Too many open files", "received 0 items of ancdata")
# What ends a loader process from outside is nearly always the kernel, short of memory.
_KILLED_LOADER = ("is killed by signal: Killed",)
_COMPILER = ("InvalidCxxCompiler", "No working C++ compiler", "Failed to find C compiler")
# What Triton compiles when it starts; it needs Python's headers.
_TRITON_START = ("cuda_utils.c",)
_NO_KERNELS = ("no kernel image is available",)


class WorkerError(Exception):
    """An error whose cause is known and whose remedy can be told."""

    def __init__(self, kind: ErrorKind, message: str, remedy: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.remedy = remedy


def failure_of(error: Exception, settings: JobSettings) -> JobFailed:
    """The event that tells of an error."""
    if isinstance(error, WorkerError):
        return JobFailed(error=error.kind, message=error.message, remedy=error.remedy)
    trace = "".join(traceback.format_exception(error))
    known = _recognize(error, settings)
    if known is not None:
        return JobFailed(
            error=known.kind, message=known.message, remedy=known.remedy, traceback=trace
        )
    message = f"{type(error).__name__}: {error}".strip().splitlines()[0]
    return JobFailed(error=ErrorKind.EXCEPTION, message=message, traceback=trace)


def _recognize(error: Exception, settings: JobSettings) -> WorkerError | None:
    text = f"{type(error).__name__}: {error}"
    # torch's own class first; older versions raise a plain RuntimeError with these words.
    is_torch_class = any(cls.__name__ == "OutOfMemoryError" for cls in type(error).__mro__)
    smaller = f"Use a smaller batch (--batch-size {max(1, settings.batch_size // 2)})"
    if is_torch_class or _any_in(_DEVICE_MEMORY, text):
        return WorkerError(
            ErrorKind.OUT_OF_MEMORY,
            f"{settings.device} ran out of memory at batch size {settings.batch_size}.",
            f"{smaller}, or end what else uses the device.",
        )
    if _any_in(_OPEN_FILES, text):
        return WorkerError(
            ErrorKind.EXCEPTION,
            "The job ran out of open files: each batch of a loader process takes some.",
            "Raise the limit (ulimit -n 65536), or use fewer --workers.",
        )
    if _any_in(_SHARED_MEMORY, text):
        return _out_of_shared_memory(settings, smaller)
    if _any_in(_KILLED_LOADER, text):
        return WorkerError(
            ErrorKind.OUT_OF_MEMORY,
            "A loader process was killed, most likely because the machine ran out of memory.",
            "Use fewer --workers, a smaller batch, or free memory.",
        )
    if isinstance(error, MemoryError) or _any_in(_HOST_MEMORY, text):
        return WorkerError(
            ErrorKind.OUT_OF_MEMORY,
            f"The machine ran out of memory at batch size {settings.batch_size}.",
            f"{smaller}, fewer --train-samples or fewer --workers.",
        )
    if _any_in(_COMPILER, text):
        return WorkerError(
            ErrorKind.EXCEPTION,
            "torch.compile needs a C++ compiler, and there is none.",
            "Install g++, or leave --compile out.",
        )
    return _recognize_setup(text, settings)


def _out_of_shared_memory(settings: JobSettings, smaller: str) -> WorkerError:
    more = "(docker run --shm-size=2g)"
    if not settings.workers:
        return WorkerError(
            ErrorKind.SHARED_MEMORY,
            "The processes that unpack the images ran out of shared memory (/dev/shm).",
            f"Give the container more {more}.",
        )
    return WorkerError(
        ErrorKind.SHARED_MEMORY,
        f"The {settings.workers} loader processes ran out of shared memory (/dev/shm) at "
        f"batch size {settings.batch_size}.",
        f"{smaller}, fewer --workers or none, or give the container more {more}.",
    )


def _recognize_setup(text: str, settings: JobSettings) -> WorkerError | None:
    if _any_in(_TRITON_START, text):
        return WorkerError(
            ErrorKind.EXCEPTION,
            "torch.compile could not build its GPU part; Python's header files may be missing.",
            "Install them (package python3-dev), or leave --compile out.",
        )
    if _any_in(_NO_KERNELS, text):
        return WorkerError(
            ErrorKind.DEVICE_MISSING,
            f"This torch has no code for the GPU {settings.device}: it is too old or too new.",
            "Install a torch built for it, or race on the CPU (--devices cpu).",
        )
    return None


def _any_in(marks: tuple[str, ...], text: str) -> bool:
    return any(mark in text for mark in marks)
