"""Memory and swap of the host, or of the control group where that has less."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from sensors.system.cgroup import ControlGroup
from sensors.system.files import read_numbers
from sensors.system.hidden import unless_hidden

KIB = 1024


class HostMemory:
    """What this process may use of the memory, and what is used of it.

    Args:
        root: Folder that stands for `/`.
        group: This process's control group.
        library: The module `psutil`, or what behaves like it, for systems without `/proc`.
    """

    def __init__(self, root: Path, group: ControlGroup, library: ModuleType) -> None:
        self._file = str(root / "proc/meminfo")
        self._group = group
        self._library = library

    def read(self) -> dict[str, Any]:
        """Fields of a `HostReading`."""
        memory = _memory_of(read_numbers(self._file)) or self._library_memory()
        group = self._group.memory(below_bytes=memory.get("memory_total_bytes"))
        if group is None:
            return memory
        return memory | {
            "memory_used_bytes": group.used_bytes,
            "memory_total_bytes": group.limit_bytes,
            "memory_cached_bytes": group.cached_bytes,
            "memory_limit": "cgroup",
        }

    def _library_memory(self) -> dict[str, int]:
        answers = {}
        if memory := unless_hidden(lambda: self._library.virtual_memory()):
            answers["memory_used_bytes"] = memory.total - memory.available
            answers["memory_total_bytes"] = memory.total
        if swap := unless_hidden(lambda: self._library.swap_memory()):
            answers |= {"swap_used_bytes": swap.used, "swap_total_bytes": swap.total}
        return answers


def _memory_of(kib: dict[str, int]) -> dict[str, int]:
    """Memory and swap out of `/proc/meminfo`; empty on other systems."""
    answers = {}
    if "MemTotal" in kib and "MemAvailable" in kib:
        cached = sum(kib.get(name, 0) for name in ("Cached", "Buffers", "SReclaimable"))
        # Memory that programs share is counted as cached by the kernel, and as used here.
        cached = max(0, cached - kib.get("Shmem", 0))
        answers["memory_used_bytes"] = (kib["MemTotal"] - kib["MemAvailable"]) * KIB
        answers["memory_total_bytes"] = kib["MemTotal"] * KIB
        answers["memory_cached_bytes"] = min(cached, kib["MemAvailable"]) * KIB
    if "SwapTotal" in kib and "SwapFree" in kib:
        answers["swap_used_bytes"] = (kib["SwapTotal"] - kib["SwapFree"]) * KIB
        answers["swap_total_bytes"] = kib["SwapTotal"] * KIB
    return answers
