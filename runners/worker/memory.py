"""How much more memory there is for a job, on the host and on a device."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import torch

_AVAILABLE = re.compile(r"^MemAvailable: +(\d+) kB$", re.MULTILINE)
# Version 1 tells of the group alone first, then of all below it too, as its use does.
_FILE_PAGES = re.compile(r"^(?:total_)?inactive_file (\d+)$", re.MULTILINE)
# Names of a control group's limit and use: of version 2, of version 1.
_GROUP_FILES = (
    ("memory.max", "memory.current"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes"),
)


def available_bytes(device: torch.device) -> int | None:
    """Memory that new tensors on a device can take; None where the system does not tell."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return free + unused
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return available_host_bytes()


def available_host_bytes(root: Path = Path("/")) -> int | None:
    """Host memory that can be taken without swapping, within this control group's limit.

    Args:
        root: Where `/proc` and `/sys` are found.
    """
    bounds = [_left_in_group(folder) for folder in _groups(root)]
    with suppress(OSError):
        if found := _AVAILABLE.search((root / "proc/meminfo").read_text()):
            bounds.append(int(found[1]) * 1024)
    known = [bound for bound in bounds if bound is not None]
    return min(known) if known else None


def _groups(root: Path) -> list[Path]:
    """The folders of this process's control group and of all above it, of either version.

    A container often sees its own group as the top of the tree.
    """
    folders = []
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            top = root / "sys/fs/cgroup" / ("memory" if controllers else "")
            own = top / group.lstrip("/")
            folders += [own, *(parent for parent in own.parents if parent.is_relative_to(top))]
    return folders


def _left_in_group(folder: Path) -> int | None:
    for limit_file, use_file in _GROUP_FILES:
        with suppress(OSError, ValueError):
            limit = int((folder / limit_file).read_text())
            used = int((folder / use_file).read_text())
            # Files that were read are held in memory only as long as nobody needs it.
            found = _FILE_PAGES.findall((folder / "memory.stat").read_text())
            return max(0, limit - used + max(map(int, found), default=0))
    return None
