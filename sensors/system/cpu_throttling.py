"""How long the processor slowed itself because of heat, as Intel's count it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from sensors.system.files import read_int, read_text

_PACKAGE, _CORE = "package_throttle_total_time_ms", "core_throttle_total_time_ms"


class CpuThrottling:
    """Seconds of all packages; every core tells its package's, so one of each is asked.

    Args:
        root: Folder that stands for `/`.
    """

    def __init__(self, root: Path) -> None:
        self._packages: dict[str, list[str]] = defaultdict(list)
        cores = sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle"))
        for folder in cores:
            package = read_text(folder.parent / "topology/physical_package_id") or ""
            files = self._packages[package]
            if (folder / _PACKAGE).exists():
                files[:] = files or [str(folder / _PACKAGE)]
            elif (folder / _CORE).exists():
                files.append(str(folder / _CORE))

    def read_s(self) -> float | None:
        """Seconds since the machine started; None where nothing counts them."""
        total_ms = None
        for files in self._packages.values():
            # Where the package has no counter of its own, the core held longest speaks for it.
            times_ms = [time_ms for file in files if (time_ms := read_int(file)) is not None]
            if times_ms:
                total_ms = (total_ms or 0) + max(times_ms)
        return None if total_ms is None else total_ms / 1e3
