"""All NVIDIA GPUs through NVML: opening the driver, and opening it anew when it went away."""

from __future__ import annotations

import contextlib
import ctypes
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, cycle
from pathlib import Path
from types import ModuleType

from sensors.gpu_readings import DriverReading, GpuReading, GpuState, NvmlState
from sensors.gpus.card import Gpu
from sensors.gpus.nvml_errors import Code, binding_problem, driver_problem
from sensors.gpus.questions import (
    CardLostError,
    DriverGoneError,
    NoAnswerError,
    Questions,
)
from sensors.gpus.row import GpuRow
from sensors.gpus.runtime_power import RuntimePower
from sensors.gpus.schedule import Schedule
from sensors.gpus.xid import XidReports
from sensors.readings import Problem, ProcessReading
from sensors.wanted import NOTHING_MORE, Wanted

RETRY_S = 10.0
# Opening NVML anew finds a card that came back; the other cards lose a moment by it.
RETRY_LOST_S = 60.0
# Where Windows puts the driver's library for Linux (WSL 2), outside of the loader's path.
WSL_LIBRARY = Path("/usr/lib/wsl/lib/libnvidia-ml.so.1")
_WELL = (GpuState.OK, GpuState.ASLEEP)
_NEEDED = ("NVMLError", "nvmlInit", "nvmlShutdown", "nvmlDeviceGetCount")


@dataclass(frozen=True, slots=True, kw_only=True)
class NvidiaReading:
    """One look at all NVIDIA GPUs.

    Attributes:
        driver: How far the driver answers.
        gpus: One record a card, by index.
        processes: Who uses them, one row for each process and card; CPU side unknown.
        problems: What could not be read, in words.
        taken_at_s: When the look began, monotonic clock in seconds; None for no look yet.
    """

    driver: DriverReading
    gpus: tuple[GpuReading, ...] = ()
    processes: tuple[ProcessReading, ...] = ()
    problems: tuple[Problem, ...] = ()
    taken_at_s: float | None = None


class _UnusableError(Exception):
    """The driver cannot be opened; carries what that means."""

    def __init__(self, driver: DriverReading) -> None:
        super().__init__(driver.problem)
        self.driver = driver


class NvidiaGpus:
    """The NVIDIA GPUs of this machine.

    Nothing is loaded before the first `read`, which may take many seconds. To be used from one
    thread. Where the driver cannot be opened, every tenth second it is tried again; while all
    cards sleep, it is not opened, as that would wake them.

    Args:
        nvml: The module `pynvml`, or what behaves like it; None imports it when needed.
        power: Tells which cards the kernel has put to sleep.
        clock: Monotonic clock, in seconds.
        wall_clock: Wall clock, in seconds since the epoch.
    """

    def __init__(
        self,
        nvml: ModuleType | None = None,
        *,
        power: RuntimePower | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._given = nvml
        self._power = power or RuntimePower()
        self._clock = clock
        self._wall_clock = wall_clock
        self._opened: ModuleType | None = None
        self._driver = DriverReading(state=NvmlState.STARTING)
        self._rows: list[GpuRow] = []
        self._gpus: dict[GpuRow, Gpu] = {}
        self._schedule = Schedule((), clock)
        self._xids: XidReports | None = None
        self._retry_at_s = clock()
        self._to_measure: deque[tuple[Gpu, str]] = deque()
        self._turns: Iterator[list[Gpu]] = iter(())

    @property
    def is_open(self) -> bool:
        """Whether the driver let itself be opened; asked from other threads, too."""
        return self._opened is not None

    def read(self, wanted: Wanted = NOTHING_MORE) -> NvidiaReading:
        """Look at all cards; never raises."""
        now_s = self._clock()
        if self._opened is not None and all(map(_is_settled, self._rows)):
            self._retry_at_s = now_s + RETRY_LOST_S
        if now_s >= self._retry_at_s or self._has_woken():
            self._open()
        try:
            self._look(wanted)
        except DriverGoneError as error:
            self._fail(driver_problem(error.code, str(error)))
        return NvidiaReading(
            driver=self._driver,
            gpus=tuple(
                self._gpus[row].reading() if row in self._gpus else row.reading()
                for row in self._rows
            ),
            processes=tuple(
                process
                for row in self._rows
                if row in self._gpus
                for process in self._gpus[row].processes
            ),
            problems=tuple(self._problems()),
            taken_at_s=now_s,
        )

    def idle(self) -> bool:
        """Measure uncounted PCI traffic, too slow for a look; tells whether there is more of it."""
        if self._to_measure:
            gpu, name = self._to_measure.popleft()
            # What it means that there is no answer, the next look finds out.
            with contextlib.suppress(NoAnswerError):
                gpu.measure_pcie(name)
        return bool(self._to_measure)

    def close(self) -> None:
        """Give the driver back."""
        for gpu in self._gpus.values():
            gpu.stop()
        self._gpus = {}
        self._to_measure.clear()
        if self._xids is not None:
            self._xids.close()
            self._xids = None
        nvml, self._opened = self._opened, None
        if nvml is not None:
            # Closed, or gone by itself: the same to us.
            with contextlib.suppress(nvml.NVMLError):
                nvml.nvmlShutdown()

    def _look(self, wanted: Wanted) -> None:
        began_s = self._clock()
        for gpu in self._gpus.values():
            gpu.look(wanted)
        self._schedule.run(began_s)
        if self._xids is not None:
            found = dict(self._xids.read())
            for row in self._rows:
                if row.uuid in found:
                    row.last_xid, row.last_xid_at_s = found[row.uuid], self._wall_clock()
        if not self._to_measure:
            turn = next(self._turns, [])
            self._to_measure.extend((gpu, name) for gpu in turn for name in gpu.pcie_to_measure)

    def _open(self) -> None:
        self.close()
        places = self._power.places()
        if places and all(map(self._power.is_suspended, places)):
            self._rest(places)
            return
        try:
            nvml = _import_pynvml() if self._given is None else _check(self._given)
            _init(nvml)
        except _UnusableError as error:
            self._fail(error.driver)
            return
        self._opened = nvml
        try:
            self._driver = _ask_driver(nvml)
            count = nvml.nvmlDeviceGetCount()
            # In a container the kernel may show more cards than the driver.
            known = places if len(places) == count else [None] * count
            found = [self._find(nvml, index, place) for index, place in enumerate(known)]
        except NoAnswerError as error:
            self._fail(driver_problem(error.code, str(error)))
        except nvml.NVMLError as error:
            self._fail(driver_problem(error.value, str(error)))
        else:
            self._take_over(nvml, found)
            self._retry_at_s = self._clock() + RETRY_LOST_S

    def _rest(self, places: tuple[str, ...]) -> None:
        """Show cards that all sleep, without opening the driver, until one wakes."""
        version = self._power.driver_version()
        self._driver = DriverReading(state=NvmlState.OK, driver_version=version)
        self._rows = [self._asleep(index, place) for index, place in enumerate(places)]
        self._retry_at_s = math.inf

    def _asleep(self, index: int, place: str) -> GpuRow:
        """The row of a card that sleeps and is not to be woken: the one it had, if it did."""
        known = next((row for row in self._rows if row.index == index), None)
        row = known or GpuRow(index=index, uuid=f"unknown-{index}")
        row.pci_bus_id = row.pci_bus_id or place
        row.enter(GpuState.ASLEEP, self._wall_clock())
        return row

    def _has_woken(self) -> bool:
        """Whether a card is awake that slept when the others were opened."""
        return any(
            row.state is GpuState.ASLEEP
            and row not in self._gpus
            and not self._power.is_suspended(row.pci_bus_id or "")
            for row in self._rows
        )

    def _find(self, nvml: ModuleType, index: int, place: str | None) -> tuple[GpuRow, object]:
        """The row of a card, the one it had before if it did, and its handle unless it sleeps."""
        if place is not None and self._power.is_suspended(place):
            return self._asleep(index, place), None
        row, state, handle = GpuRow(index=index, uuid=f"unknown-{index}"), GpuState.FAILED, None
        system, question = Questions(nvml), ("nvmlDeviceGetHandleByIndex", index)
        try:
            handle = system.ask(*question)
            if handle is not None:
                state = GpuState.OK
                _identify(row, Questions(nvml, handle))
        except CardLostError:
            state = GpuState.LOST
        known = next((r for r in self._rows if r.uuid == row.uuid), None)
        if not row.is_identified:
            # A card that cannot be asked who it is counts as the one that was there before.
            known = known or next((r for r in self._rows if r.index == index), None)
        if known is not None:
            known.index = index
            known.pci_bus_id = row.pci_bus_id or known.pci_bus_id
            row = known
        row.is_forbidden = system.is_hopeless(question)
        row.enter(state, self._wall_clock())
        return row, handle

    def _take_over(self, nvml: ModuleType, found: list[tuple[GpuRow, object]]) -> None:
        """Ask these cards from now on; one that is gone keeps its row, as lost."""
        rows = [row for row, _ in found]
        gone = [row for row in self._rows if row not in rows and row.is_identified]
        for number, row in enumerate(gone, start=len(rows)):
            # The driver counts the cards that are left from 0 again: its number may be taken.
            row.index = number
            row.enter(GpuState.LOST, self._wall_clock())
        self._rows = sorted([*rows, *gone], key=lambda row: row.index)
        self._gpus = {
            row: Gpu(
                nvml,
                handle,
                row,
                power=self._power,
                clock=self._clock,
                wall_clock=self._wall_clock,
            )
            for row, handle in found
            if handle is not None
        }
        gpus = list(self._gpus.values())
        self._schedule = Schedule((task for gpu in gpus for task in gpu.tasks), self._clock)
        # Waiting for a card's errors might keep it awake.
        self._xids = XidReports(nvml, {g.row.uuid: g.handle for g in gpus if not g.may_sleep})
        for gpu in gpus:
            gpu.reports_errors = gpu.row.uuid in self._xids.watched
        # All cards at first, one after each look from then on.
        self._turns = chain([gpus], cycle([gpu] for gpu in gpus))
        if not self._rows:
            self._driver = replace(
                self._driver,
                problem="The NVIDIA driver runs, but shows no GPU.",
                remedy="Look at `nvidia-smi -L`; in a container, start it with --gpus all.",
            )

    def _fail(self, driver: DriverReading) -> None:
        self.close()
        for row in self._rows:
            row.enter(GpuState.FAILED, self._wall_clock())
        self._driver = driver
        self._retry_at_s = self._clock() + RETRY_S

    def _problems(self) -> Iterator[Problem]:
        if self._driver.problem is not None:
            yield Problem(source="nvml", what=self._driver.problem, remedy=self._driver.remedy)
        if self._opened is not None:
            yield from (_card_problem(row) for row in self._rows if row.state not in _WELL)


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


def _identify(row: GpuRow, questions: Questions) -> None:
    row.uuid = questions.ask_text("nvmlDeviceGetUUID") or row.uuid
    row.name = questions.ask_text("nvmlDeviceGetName") or row.name
    pci = questions.ask("nvmlDeviceGetPciInfo")
    row.pci_bus_id = _text(pci.busId) if pci is not None else None


def _text(value: bytes | str) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _is_settled(row: GpuRow) -> bool:
    """Whether opening the driver anew would change nothing for this card."""
    return row.state in _WELL or row.is_forbidden


def _card_problem(row: GpuRow) -> Problem:
    if row.is_forbidden:
        return Problem(
            source="nvml",
            what=f"GPU {row.index} may not be opened by this user.",
            remedy="A container or a batch job gets only the cards it was started with.",
        )
    since = time.strftime("%H:%M:%S", time.localtime(row.state_since_s))
    if row.state is GpuState.LOST:
        return Problem(
            source="nvml",
            what=f"GPU {row.index} is lost since {since}: it fell off the bus or needs a reset.",
            remedy="Look for Xid in `sudo dmesg`; try `sudo nvidia-smi --gpu-reset`, or reboot.",
        )
    return Problem(
        source="nvml",
        what=f"GPU {row.index} answers no question since {since}.",
        remedy="In a container that worked before, restart it; else see whether "
        f"`nvidia-smi -i {row.index}` works.",
    )
