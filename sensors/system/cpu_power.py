"""The power the processor packages draw, out of their energy counters (RAPL)."""

from __future__ import annotations

import re
from pathlib import Path

from sensors.system.files import read_int, read_text

# Zones with a second number are parts of a package; `intel-rapl-mmio` is the same package again.
_TOP_ZONE = re.compile(r"[a-z]+-rapl:\d+$")


class CpuPower:
    """The sum over all packages.

    The counters are looked for once: where only root may read them, nobody asks again.

    Args:
        root: Folder that stands for `/`.
    """

    def __init__(self, root: Path) -> None:
        folders = sorted((root / "sys/class/powercap").glob("*-rapl:*"))
        self._zones = [
            (str(folder / "energy_uj"), read_int(folder / "max_energy_range_uj") or 0)
            for folder in folders
            if _TOP_ZONE.match(folder.name)
            and (read_text(folder / "name") or "").startswith("package")
            and read_int(folder / "energy_uj") is not None
        ]
        self._before: list[int] | None = None
        self._before_s = 0.0

    def read_w(self, now_s: float) -> float | None:
        """Watts since the last look; None at first and where they cannot be known.

        Args:
            now_s: The monotonic clock.
        """
        now = [energy for file, _ in self._zones if (energy := read_int(file)) is not None]
        if not now or len(now) != len(self._zones):
            self._before = None
            return None
        before, passed_s = self._before, now_s - self._before_s
        self._before, self._before_s = now, now_s
        if before is None or passed_s <= 0:
            return None
        used_uj = 0
        for new, old, (_, most) in zip(now, before, self._zones, strict=True):
            used_uj += new - old if new >= old else new - old + most
        return used_uj / 1e6 / passed_s if used_uj >= 0 else None
