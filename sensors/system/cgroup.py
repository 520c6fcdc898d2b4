"""The control group this process lives in: what it may use, and what that cost it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sensors.system.files import read_int, read_numbers, read_text

ROOT = Path("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMemory:
    """A control group's memory limit and use, in bytes; page cache is not counted as used."""

    limit_bytes: int
    used_bytes: int | None
    cached_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTime:
    """Processor time of a control group, in seconds since it began.

    Attributes:
        group: The group it is of: the one whose quota holds, else the own one.
        used_s: Processor time used.
        throttled_s: Time spent waiting for the quota; None where none is counted.
    """

    group: str
    used_s: float | None
    throttled_s: float | None


class ControlGroup:
    """This process's control group, version 1 or 2, found once.

    Limits of all groups from the own one up to the root of the mount count; the smallest holds.
    Where the own path is not visible, as inside a container without a cgroup namespace, the
    root of the mount is the own group.

    Args:
        root: Folder that stands for `/`.
    """

    def __init__(self, root: Path = ROOT) -> None:
        mounts = _mounts(root)
        paths = _own_paths(root)
        self._cpu = _Hierarchy.of("cpu", mounts, paths)
        self._time = _Hierarchy.of("cpuacct", mounts, paths)
        self._cpuset = _Hierarchy.of("cpuset", mounts, paths)
        self._stats = [str(folder / "cpu.stat") for folder in self._cpu.folders]
        self._level = 0
        self._memory = _Hierarchy.of("memory", mounts, paths)

    def cpu_quota(self) -> float | None:
        """How many cores' worth of time the group may use; None without a quota."""
        quotas = [
            (quota, level)
            for level, folder in enumerate(self._cpu.folders)
            if (quota := _quota(folder, self._cpu.version)) is not None
        ]
        quota, self._level = min(quotas, default=(None, 0))
        return quota

    def cpu_time(self) -> GroupTime:
        """What the group's time went to; the group is that of the last `cpu_quota`."""
        stats = [read_numbers(file) for file in self._stats]
        waited = [time_s for stat in stats if (time_s := _throttled_s(stat)) is not None]
        level = self._level if self._level < len(self._time.folders) else 0
        group = self._time.folders[level] if self._time.folders else None
        used_s = None
        if group is not None and self._time.version == 1:
            nanoseconds = read_int(group / "cpuacct.usage")
            used_s = None if nanoseconds is None else nanoseconds / 1e9
        elif level < len(stats) and "usage_usec" in stats[level]:
            used_s = stats[level]["usage_usec"] / 1e6
        return GroupTime(group=str(group), used_s=used_s, throttled_s=max(waited, default=None))

    def cpuset(self) -> tuple[int, ...]:
        """The cores the group is bound to; empty where that is not known."""
        name = "cpuset.cpus.effective"
        if self._cpuset.version == 1:
            name = "cpuset.effective_cpus"
        for folder in self._cpuset.folders:
            if text := (read_text(folder / name) or "").strip():
                return _cores_of(text)
        return ()

    def memory(self, below_bytes: int | None) -> GroupMemory | None:
        """The tightest memory limit and what is used of it.

        Args:
            below_bytes: Limits from here up limit nothing: the machine has no more.
        """
        name, used = ("memory.max", "memory.current")
        if self._memory.version == 1:
            name, used = ("memory.limit_in_bytes", "memory.usage_in_bytes")
        tightest: tuple[int, Path] | None = None
        for folder in self._memory.folders:
            limit = read_int(folder / name)
            if limit is None or (below_bytes is not None and limit >= below_bytes):
                continue
            if tightest is None or limit < tightest[0]:
                tightest = (limit, folder)
        if tightest is None:
            return None
        limit, folder = tightest
        used_bytes = read_int(folder / used)
        cached_bytes = _page_cache_bytes(folder, self._memory.version)
        if used_bytes is not None:
            used_bytes = max(0, used_bytes - (cached_bytes or 0))
        return GroupMemory(limit_bytes=limit, used_bytes=used_bytes, cached_bytes=cached_bytes)


@dataclass(frozen=True, slots=True)
class _Hierarchy:
    """A controller's version and the folders of the own group and all above it."""

    version: int
    folders: tuple[Path, ...]

    @classmethod
    def of(cls, controller: str, mounts: dict[str, Path], paths: dict[str, str]) -> _Hierarchy:
        version = 1 if controller in mounts and controller in paths else 2
        name = controller if version == 1 else ""
        mount, path = mounts.get(name), paths.get(name)
        if mount is None or path is None:
            return cls(version, ())
        own = mount.joinpath(path.lstrip("/"))
        # A path with .. lies outside of the cgroup namespace that is visible here.
        if ".." in own.parts or not own.is_dir():
            return cls(version, (mount,))
        above = [folder for folder in own.parents if folder.is_relative_to(mount)]
        return cls(version, (own, *above))


def _mounts(root: Path) -> dict[str, Path]:
    """Where each controller of version 1 is mounted, and under "" version 2."""
    mounts: dict[str, Path] = {}
    for line in (read_text(root / "proc/self/mounts") or "").splitlines():
        fields = line.split()
        if len(fields) < 4 or fields[2] not in ("cgroup", "cgroup2"):
            continue
        folder = root / fields[1].lstrip("/")
        for name in fields[3].split(",") if fields[2] == "cgroup" else ("",):
            mounts.setdefault(name, folder)
    return mounts


def _own_paths(root: Path) -> dict[str, str]:
    """This process's path in the hierarchy of each controller; version 2's under ""."""
    paths: dict[str, str] = {}
    for line in (read_text(root / "proc/self/cgroup") or "").splitlines():
        _number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for name in controllers.split(","):
            paths[name] = path
    return paths


def _quota(folder: Path, version: int) -> float | None:
    if version == 1:
        quota_us = read_int(folder / "cpu.cfs_quota_us")
        period_us = read_int(folder / "cpu.cfs_period_us")
    else:
        quota, _, period = (read_text(folder / "cpu.max") or "").strip().partition(" ")
        quota_us, period_us = (int(t) if t.isdecimal() else None for t in (quota, period))
    if not quota_us or not period_us or quota_us < 0:
        return None
    return quota_us / period_us


def _throttled_s(stat: dict[str, int]) -> float | None:
    if (microseconds := stat.get("throttled_usec")) is not None:
        return microseconds / 1e6
    nanoseconds = stat.get("throttled_time")
    return None if nanoseconds is None else nanoseconds / 1e9


def _cores_of(text: str) -> tuple[int, ...]:
    """The numbers in a list such as `0-3,8`."""
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return tuple(numbers)


def _page_cache_bytes(folder: Path, version: int) -> int | None:
    numbers = read_numbers(folder / "memory.stat")
    prefix = "total_" if version == 1 else ""
    parts = [numbers.get(f"{prefix}{name}_file") for name in ("inactive", "active")]
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
