"""Bytes a second to and from the disks and the network."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from sensors.system.files import read_link, read_text
from sensors.system.hidden import unless_hidden
from sensors.system.summed_rate import SummedRate

# The kernel counts in sectors of this size, whatever the disk's own are.
SECTOR_BYTES = 512

# Counters by name: bytes in and bytes out.
_Counters = dict[str, tuple[int, int]]


class _Rates:
    """The rates of both counters of some devices."""

    def __init__(self) -> None:
        self._in, self._out = SummedRate(), SummedRate()

    def since_last(self, counters: _Counters, now_s: float) -> tuple[float | None, float | None]:
        return (
            self._in.since_last({name: pair[0] for name, pair in counters.items()}, now_s),
            self._out.since_last({name: pair[1] for name, pair in counters.items()}, now_s),
        )


class DiskTraffic:
    """Reads from and writes to whole local disks.

    Partitions are parts of them, and what is built upon them (LVM, RAID, loop devices, RAM
    disks) would be counted twice. No file system is touched, so none that hangs can stall this.

    Args:
        root: Folder that stands for `/`.
        library: The module `psutil`, or what behaves like it, for systems without `/proc`.
    """

    def __init__(self, root: Path, library: ModuleType) -> None:
        self._library = library
        self._rates = _Rates()
        self._file = str(root / "proc/diskstats")
        self._devices = str(root / "sys/block")
        self._is_disk: dict[str, bool] = {}

    def read(self, now_s: float) -> tuple[float | None, float | None]:
        """Bytes a second read and written; None at first and where unknown.

        Args:
            now_s: The monotonic clock.
        """
        counters = self._counters()
        if counters is None:
            counters = unless_hidden(self._library_counters) or {}
        return self._rates.since_last(counters, now_s)

    def _counters(self) -> _Counters | None:
        text = read_text(self._file)
        if text is None:
            return None
        counters = {}
        for line in text.splitlines():
            fields = line.split(None, 10)
            if len(fields) > 10 and self._counts(fields[2]):
                counters[fields[2]] = (int(fields[5]) * SECTOR_BYTES, int(fields[9]) * SECTOR_BYTES)
        return counters

    def _counts(self, name: str) -> bool:
        if name not in self._is_disk:
            device = read_link(f"{self._devices}/{name.replace('/', '!')}")
            self._is_disk[name] = bool(device) and "/virtual/block/" not in device
        return self._is_disk[name]

    def _library_counters(self) -> _Counters:
        disks = self._library.disk_io_counters(perdisk=True)
        return {name: (disk.read_bytes, disk.write_bytes) for name, disk in disks.items()}


class NetworkTraffic:
    """What all network interfaces but the loopback receive and send.

    Where there are real ones, those alone: bridges, bonds, tunnels and the like pass on what
    goes through them. A container has none; then bridges, their members and tunnels are left out.

    Args:
        root: Folder that stands for `/`.
        library: The module `psutil`, or what behaves like it, for systems without `/proc`.
    """

    def __init__(self, root: Path, library: ModuleType) -> None:
        self._library = library
        self._rates = _Rates()
        self._file = str(root / "proc/net/dev")
        self._interfaces = root / "sys/class/net"
        self._names: set[str] = set()
        self._counted: set[str] = set()

    def read(self, now_s: float) -> tuple[float | None, float | None]:
        """Bytes a second received and sent; None at first and where unknown.

        Args:
            now_s: The monotonic clock.
        """
        counters = self._counters()
        if counters is None:
            counters = unless_hidden(self._library_counters) or {}
        return self._rates.since_last(counters, now_s)

    def _counters(self) -> _Counters | None:
        text = read_text(self._file)
        if text is None:
            return None
        counters = {}
        for line in text.splitlines()[2:]:
            name, _, rest = line.partition(":")
            fields = rest.split(None, 9)
            if len(fields) > 8:
                counters[name.strip()] = (int(fields[0]), int(fields[8]))
        if counters.keys() != self._names:
            self._names = set(counters)
            self._counted = self._choose(self._names - {"lo"})
        return {name: pair for name, pair in counters.items() if name in self._counted}

    def _choose(self, names: set[str]) -> set[str]:
        links = {name: read_link(str(self._interfaces / name)) for name in names}
        real = {name for name, link in links.items() if link and "/virtual/" not in link}
        return real or {name for name in names if not self._passes_on(name)}

    def _passes_on(self, name: str) -> bool:
        folder = self._interfaces / name
        return any((folder / mark).exists() for mark in ("bridge", "brport", "tun_flags"))

    def _library_counters(self) -> _Counters:
        interfaces = self._library.net_io_counters(pernic=True)
        return {
            name: (interface.bytes_recv, interface.bytes_sent)
            for name, interface in interfaces.items()
            if not name.startswith(("lo", "bridge", "utun"))
        }
