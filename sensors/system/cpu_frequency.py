"""The clock of the processor's cores."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from types import ModuleType

from sensors.system.files import read_int, read_text
from sensors.system.hidden import unless_hidden


class CpuFrequency:
    """The mean over all cores, and the most that the fastest can do.

    Args:
        root: Folder that stands for `/`.
        library: The module `psutil`, or what behaves like it.
    """

    def __init__(self, root: Path, library: ModuleType) -> None:
        self._processors = root / "proc/cpuinfo"
        self._policies = sorted((root / "sys/devices/system/cpu/cpufreq").glob("policy*"))
        self._library = library
        self.max_mhz = self._max_mhz()

    def read_mhz(self) -> float | None:
        """The mean over all cores.

        The list of processors is read before the frequency files: older kernels wait 20 ms for
        each of those, but only once for the list.
        """
        lines = (read_text(self._processors) or "").splitlines()
        mhz = [float(line.partition(":")[2]) for line in lines if line.startswith("cpu MHz")]
        mhz = mhz or self._policies_mhz("scaling_cur_freq")
        if mhz:
            return fmean(mhz)
        frequency = unless_hidden(lambda: self._library.cpu_freq())
        return frequency.current or None if frequency else None

    def _max_mhz(self) -> float | None:
        if mhz := self._policies_mhz("cpuinfo_max_freq"):
            return max(mhz)
        frequency = unless_hidden(lambda: self._library.cpu_freq())
        return frequency.max or None if frequency else None

    def _policies_mhz(self, name: str) -> list[float]:
        khz = [read_int(policy / name) for policy in self._policies]
        return [value / 1e3 for value in khz if value]
