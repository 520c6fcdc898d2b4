"""All NVIDIA GPUs through NVML: opening the driver, and opening it anew when it went away."""

from __future__ import annotations

import contextlib
import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from sensors.gpu import Gpu
from sensors.gpu_readings import DriverReading, GpuReading, GpuState, NvmlState
from sensors.nvml_errors import Code, binding_problem, driver_problem
from sensors.questions import (
    CardLostError,
    DriverGoneError,
    NoAnswerError,
    Questions,
)
from sensors.readings import Problem, ProcessReading
from sensors.wanted import NOTHING_MORE, Wanted

RETRY_S = 10.0
# Opening NVML anew finds a card that came back; the other cards lose a moment by it.
RETRY_LOST_S = 60.0
# Where Windows puts the driver's library for Linux (WSL 2), outside of the loader's path.
WSL_LIBRARY = Path("/usr/lib/wsl/lib/libnvidia-ml.so.1")
_NEEDED = ("NVMLError", "nvmlInit", "nvmlShutdown", "nvmlDeviceGetCount")


@dataclass(frozen=True, slots=True, kw_only=True)
class NvidiaReading:
    """One look at all NVIDIA GPUs.

    Attributes:
        driver: How far the driver answers.
        gpus: One record a card, by index.
        processes: Who uses them, one row for each process and card; CPU side unknown.
        problems: What could not be read, in words.
    """

    driver: DriverReading
    gpus: tuple[GpuReading, ...] = ()
    processes: tuple[ProcessReading, ...] = ()
    problems: tuple[Problem, ...] = ()


class _UnusableError(Exception):
    """The driver cannot be opened; carries what that means."""

    def __init__(self, driver: DriverReading) -> None:
        super().__init__(driver.problem)
        self.driver = driver


class NvidiaGpus:
    """The NVIDIA GPUs of this machine.

    Nothing is loaded before the first `read`, which may take many seconds. To be used from one
    thread. Where the driver cannot be opened, every tenth second it is tried again.

    Args:
        nvml: The module `pynvml`, or what behaves like it; None imports it when needed.
        clock: Monotonic clock, in seconds.
        wall_clock: Wall clock, in seconds since the epoch.
    """

    def __init__(
        self,
        nvml: ModuleType | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._given = nvml
        self._opened: ModuleType | None = None
        self._clock = clock
        self._wall_clock = wall_clock
        self._driver = DriverReading(state=NvmlState.STARTING)
        self._gpus: list[Gpu] = []
        self._retry_at_s = clock()
        self._silent_since: dict[str, float] = {}

    def read(self, wanted: Wanted = NOTHING_MORE) -> NvidiaReading:
        """Look at all cards; never raises."""
        del wanted
        now_s = self._clock()
        if self._opened is not None and all(gpu.state is GpuState.OK for gpu in self._gpus):
            self._retry_at_s = now_s + RETRY_LOST_S
        if now_s >= self._retry_at_s:
            self.close()
            self._open()
        wall_s = self._wall_clock()
        gpus = self._read_gpus(now_s, wall_s)
        return NvidiaReading(
            driver=self._driver,
            gpus=gpus,
            processes=tuple(row for gpu in self._gpus for row in gpu.processes),
            problems=tuple(self._problems(gpus, wall_s)),
        )

    def close(self) -> None:
        """Give the driver back."""
        for gpu in self._gpus:
            gpu.give_up(GpuState.FAILED)
        nvml, self._opened = self._opened, None
        if nvml is not None:
            # Closed, or gone by itself: the same to us.
            with contextlib.suppress(nvml.NVMLError):
                nvml.nvmlShutdown()

    def _read_gpus(self, now_s: float, wall_s: float) -> tuple[GpuReading, ...]:
        try:
            return tuple(gpu.read(now_s, wall_s) for gpu in self._gpus)
        except DriverGoneError as error:
            self._fail(driver_problem(error.code, str(error)))
            return tuple(gpu.read(now_s, wall_s) for gpu in self._gpus)

    def _open(self) -> None:
        try:
            nvml = _import_pynvml() if self._given is None else _check(self._given)
            _init(nvml)
        except _UnusableError as error:
            self._fail(error.driver)
            return
        self._opened = nvml
        try:
            self._driver = _ask_driver(nvml)
            found = [_gpu(nvml, index) for index in range(nvml.nvmlDeviceGetCount())]
        except NoAnswerError as error:
            self._fail(driver_problem(error.code, str(error)))
        except nvml.NVMLError as error:
            self._fail(driver_problem(error.value, str(error)))
        else:
            self._take_over(found)
            self._retry_at_s = self._clock() + RETRY_LOST_S

    def _take_over(self, found: list[Gpu]) -> None:
        """Replace the cards; one that was there before and is gone keeps its row, as lost."""
        uuids = {gpu.uuid for gpu in found}
        gone = [gpu for gpu in self._gpus if gpu.uuid not in uuids]
        for gpu in gone:
            gpu.give_up(GpuState.LOST)
        # A card that cannot be asked who it is counts as the one that was there before.
        places = {gpu.index for gpu in gone}
        found = [g for g in found if g.state is GpuState.OK or g.index not in places]
        self._gpus = sorted([*found, *gone], key=lambda gpu: gpu.index)
        if not self._gpus:
            self._driver = replace(
                self._driver,
                problem="The NVIDIA driver runs, but shows no GPU.",
                remedy="Look at `nvidia-smi -L`; in a container, start it with --gpus all.",
            )

    def _fail(self, driver: DriverReading) -> None:
        self.close()
        self._driver = driver
        self._retry_at_s = self._clock() + RETRY_S

    def _problems(self, gpus: tuple[GpuReading, ...], wall_s: float) -> list[Problem]:
        problems = []
        if self._driver.problem is not None:
            problems.append(
                Problem(source="nvml", what=self._driver.problem, remedy=self._driver.remedy)
            )
        silent = {gpu.uuid: gpu for gpu in gpus if gpu.state is not GpuState.OK}
        self._silent_since = {uuid: self._silent_since.get(uuid, wall_s) for uuid in silent}
        if self._opened is not None:
            problems += [
                _card_problem(gpu, self._silent_since[gpu.uuid]) for gpu in silent.values()
            ]
        return problems


def _import_pynvml() -> ModuleType:
    """NVIDIA's module, imported only now: that takes longer than a first frame may wait.

    Raises:
        _UnusableError: It is missing, broken, or another module of that name.
    """
    try:
        import pynvml
    except ModuleNotFoundError:
        problem = binding_problem("it is not installed")
        raise _UnusableError(replace(problem, remedy="Run `pip install nvidia-ml-py`.")) from None
    except Exception as error:
        raise _UnusableError(binding_problem(f"{type(error).__name__}: {error}")) from error
    return _check(pynvml)


def _check(module: ModuleType) -> ModuleType:
    missing = [name for name in _NEEDED if not hasattr(module, name)]
    if missing:
        where = getattr(module, "__file__", None) or "an unknown place"
        detail = f"the one in {where} is not NVIDIA's, it has no {missing[0]}"
        raise _UnusableError(binding_problem(detail))
    return module


def _init(nvml: ModuleType) -> None:
    """Initialise NVML, from WSL's own folder where the loader does not find it.

    Raises:
        _UnusableError: The driver cannot be used.
    """
    try:
        try:
            nvml.nvmlInit()
        except nvml.NVMLError as error:
            if error.value != Code.LIBRARY_NOT_FOUND or not _load_library(WSL_LIBRARY):
                raise
            nvml.nvmlInit()
    except nvml.NVMLError as error:
        raise _UnusableError(driver_problem(error.value, str(error))) from error
    except Exception as error:
        raise _UnusableError(binding_problem(f"{type(error).__name__}: {error}")) from error


def _load_library(path: Path) -> bool:
    """Load a library, so that the loader has it when it is asked for by name."""
    try:
        ctypes.CDLL(str(path))
    except OSError:
        return False
    return True


def _ask_driver(nvml: ModuleType) -> DriverReading:
    system = Questions(nvml)
    cuda = system.ask_first(
        ("nvmlSystemGetCudaDriverVersion_v2",), ("nvmlSystemGetCudaDriverVersion",)
    )
    return DriverReading(
        state=NvmlState.OK,
        driver_version=system.ask_text("nvmlSystemGetDriverVersion"),
        cuda_version=f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else None,
    )


def _gpu(nvml: ModuleType, index: int) -> Gpu:
    try:
        handle = Questions(nvml).ask("nvmlDeviceGetHandleByIndex", index)
        state = GpuState.OK if handle is not None else GpuState.FAILED
    except CardLostError:
        handle, state = None, GpuState.LOST
    return Gpu(nvml, handle, index, state)


def _card_problem(gpu: GpuReading, since_s: float) -> Problem:
    since = time.strftime("%H:%M:%S", time.localtime(since_s))
    if gpu.state is GpuState.LOST:
        return Problem(
            source="nvml",
            what=f"GPU {gpu.index} is lost since {since}: it fell off the bus or needs a reset.",
            remedy="Look for Xid in `sudo dmesg`; try `sudo nvidia-smi --gpu-reset`, or reboot.",
        )
    return Problem(
        source="nvml",
        what=f"GPU {gpu.index} answers no question since {since}.",
        remedy="In a container that worked before, restart it; else see whether "
        f"`nvidia-smi -i {gpu.index}` works.",
    )
