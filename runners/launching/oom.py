"""Whether the kernel's out-of-memory killer was at work."""

from __future__ import annotations

import re
from pathlib import Path

_COUNT = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


def count_oom_kills(root: Path = Path("/")) -> int | None:
    """Processes killed for want of memory so far: in our control group, else on the machine.

    Args:
        root: Where `/proc` and `/sys` are found.

    Returns:
        None where the system does not count them.
    """
    for path in _counters(root):
        try:
            found = _COUNT.search(path.read_text())
        except OSError:
            continue
        if found:
            return int(found[1])
    return None


def _counters(root: Path) -> list[Path]:
    """The files that may hold the count, the closest to this process first."""
    groups = root / "sys/fs/cgroup"
    paths = []
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if "memory" in controllers.split(","):
            # A container often sees its own group as the top of the tree.
            v1 = groups / "memory"
            paths += [v1 / group.lstrip("/") / "memory.oom_control", v1 / "memory.oom_control"]
        elif not controllers:
            paths += [groups / group.lstrip("/") / "memory.events", groups / "memory.events"]
    return [*paths, root / "proc/vmstat"]
