"""One NVIDIA GPU that can be asked: its answers, and what they say of its state."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from types import ModuleType

from sensors.gpu_readings import GpuReading, GpuState
from sensors.gpus.answers import PCIE_DIRECTIONS, GpuAnswers
from sensors.gpus.nvml_errors import Code, reason
from sensors.gpus.processes import GpuProcesses
from sensors.gpus.questions import CardLostError, Questions
from sensors.gpus.row import GpuRow
from sensors.gpus.runtime_power import RuntimePower
from sensors.gpus.schedule import PROCESSES_S, SELDOM_S, Task
from sensors.readings import ProcessReading
from sensors.wanted import Wanted


class Gpu:
    """A card, asked anew at each `look`, and by its tasks in between.

    Args:
        nvml: The module `pynvml`, or what behaves like it.
        handle: NVML's handle of the card.
        row: The card's row, which is kept up to date.
        power: Tells whether the kernel has put the card to sleep.
        clock: Monotonic clock, in seconds.
        wall_clock: Wall clock, in seconds since the epoch.

    Attributes:
        handle: NVML's handle of the card.
        row: The card's row.
        tasks: What to ask now and then.
        may_sleep: Whether the kernel puts the card to sleep while nobody uses it.
        reports_errors: Whether the driver reports the card's errors (Xid).
    """

    def __init__(
        self,
        nvml: ModuleType,
        handle: object,
        row: GpuRow,
        *,
        power: RuntimePower,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self.handle = handle
        self.row = row
        self._wall_clock = wall_clock
        self._questions = Questions(nvml, handle, clock=clock)
        self._answers = GpuAnswers(nvml, self._questions, clock)
        self._processes = GpuProcesses(self._questions, row.uuid, row.index, wall_clock)
        self._wants_processes = True
        asks = self._answers.tasks()
        asks += [partial(self._ask_if_wanted, ask) for ask in self._processes.tasks()]
        self.tasks = [Task(partial(self._ask_if_well, ask)) for ask in asks]
        self._power = power
        self._place = row.pci_bus_id or ""
        self.may_sleep = power.may_suspend(self._place)
        self.reports_errors = False

    @property
    def processes(self) -> tuple[ProcessReading, ...]:
        """What uses the card; the CPU side is unknown."""
        return self._processes.rows

    @property
    def pcie_to_measure(self) -> tuple[str, ...]:
        """Fields of PCI traffic that the card does not count."""
        is_due = self.row.state is GpuState.OK and self._answers.needs_pcie
        return tuple(PCIE_DIRECTIONS) if is_due else ()

    def measure_pcie(self, name: str) -> None:
        """Measure one of them, which takes 20 ms."""
        if self.row.state is GpuState.OK:
            self._answers.measure_pcie(name)

    def look(self, wanted: Wanted) -> None:
        """Ask what is asked at each look, and find out how the card answers.

        Args:
            wanted: What to ask for beside the usual, and whether to ask for processes later.

        Raises:
            DriverGoneError: NVML must be opened anew.
        """
        if self.may_sleep and self._power.is_suspended(self._place):
            self._enter(GpuState.ASLEEP)
            return
        self._wants_processes = wanted.processes
        self._questions.start()
        if self.row.state is not GpuState.OK:
            self._questions.retry_now()
        try:
            self._answers.look(profile=wanted.gpu_profile)
        except CardLostError:
            self._enter(GpuState.LOST)
            return
        is_silent = self._questions.failed and not self._questions.answered
        self._enter(GpuState.FAILED if is_silent else GpuState.OK)

    def reading(self) -> GpuReading:
        """The card's reading; only who and how it is where it does not answer."""
        if self.row.state is not GpuState.OK:
            return self.row.reading()
        values = self._answers.values
        if (why := self._processes.why()) is not None:
            values.explain("processes", why)
        if not self.reports_errors:
            values.explain("last_xid", reason(Code.NOT_SUPPORTED))
        return self.row.reading(
            {
                **values.known,
                "mig_instances": self._answers.instances(),
                "unknown": values.unknown,
            }
        )

    def stop(self) -> None:
        """Ask no more: the handle is about to be void."""
        self._answers.clear()

    def _enter(self, state: GpuState) -> None:
        was = self.row.state
        self.row.enter(state, self._wall_clock())
        if state is was:
            return
        if was is GpuState.OK:
            self._answers.clear()
            self._processes.clear()
        elif state is GpuState.OK:
            for task in self.tasks:
                task.due_s = -math.inf

    def _ask_if_wanted(self, ask: Callable[[], float]) -> float:
        return ask() if self._wants_processes else PROCESSES_S

    def _ask_if_well(self, ask: Callable[[], float]) -> float:
        if self.row.state is not GpuState.OK:
            return SELDOM_S
        try:
            return ask()
        except CardLostError:
            self._enter(GpuState.LOST)
            return SELDOM_S
