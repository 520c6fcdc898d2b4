"""Bytes to and from disks and networks, each counted once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from sensors.system.traffic import DiskTraffic, NetworkTraffic
from tests.fakes.files import write_files

NO_LIBRARY = ModuleType("psutil")
PCI, VIRTUAL_DISK = "../devices/pci0000:00/0000:00:04.0", "../devices/virtual/block"
VIRTUAL_NETWORK = "../../devices/virtual/net"


def link(folder: Path, links: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, target in links.items():
        (folder / name).symlink_to(f"{target}/{name}")


def disk_rates(root: Path, names: list[str]) -> tuple[float | None, float | None]:
    """A second in which each name reads one sector and writes two."""
    traffic = DiskTraffic(root, NO_LIBRARY)
    for second in (0, 1):
        lines = [f" 259 0 {name} 1 1 {second} 1 1 1 {2 * second} 1 0 1 1 0 0\n" for name in names]
        write_files(root, {"proc/diskstats": "".join(lines)})
        found = traffic.read(50.0 + second)
    return found


def test_only_whole_disks_count(tmp_path: Path) -> None:
    link(tmp_path / "sys/block", {"nvme0n1": PCI, "sda": PCI, "cciss!c0d0": PCI})
    link(tmp_path / "sys/block", dict.fromkeys(["loop0", "ram0", "dm-0", "md0"], VIRTUAL_DISK))
    names = ["nvme0n1", "nvme0n1p1", "sda", "sda1", "loop0", "ram0", "dm-0", "md0", "cciss/c0d0"]
    assert disk_rates(tmp_path, names) == (3 * 512, 6 * 512)


def test_an_nvme_disk_with_several_paths_is_a_whole_disk(tmp_path: Path) -> None:
    several = "../devices/virtual/nvme-subsystem/nvme-subsys0"
    link(tmp_path / "sys/block", {"nvme0n1": several})
    assert disk_rates(tmp_path, ["nvme0n1"]) == (512, 1024)


def test_disks_of_the_network_do_not_count(tmp_path: Path) -> None:
    link(tmp_path / "sys/block", {"sda": PCI, "nbd0": VIRTUAL_DISK})
    assert disk_rates(tmp_path, ["sda", "nbd0"]) == (512, 1024)


@pytest.mark.parametrize("names", [[], ["loop0"]])
def test_a_machine_without_disks_has_no_rates(tmp_path: Path, names: list[str]) -> None:
    link(tmp_path / "sys/block", {"loop0": VIRTUAL_DISK})
    assert disk_rates(tmp_path, names) == (None, None)


def network_rates(root: Path, names: list[str]) -> tuple[float | None, float | None]:
    """A second in which each name receives one byte and sends two."""
    traffic = NetworkTraffic(root, NO_LIBRARY)
    for second in (0, 1):
        numbers = f"{second} 0 0 0 0 0 0 0 {2 * second} 0 0 0 0 0 0 0"
        lines = [f"{name:>6}:{numbers}\n" for name in names]
        write_files(root, {"proc/net/dev": f"Inter-|\n face |bytes\n{''.join(lines)}"})
        found = traffic.read(50.0 + second)
    return found


def test_what_passes_through_bridges_and_bonds_counts_once(tmp_path: Path) -> None:
    virtual = ["lo", "docker0", "veth1", "bond0", "tailscale0"]
    link(tmp_path / "sys/class/net", {"eth0": PCI, "eth1": PCI})
    link(tmp_path / "sys/class/net", dict.fromkeys(virtual, VIRTUAL_NETWORK))
    assert network_rates(tmp_path, [*virtual, "eth0", "eth1"]) == (2, 4)


def test_a_container_has_virtual_interfaces_only(tmp_path: Path) -> None:
    virtual = tmp_path / "sys/devices/virtual/net"
    names = ["lo", "eth0", "eth1", "docker0", "veth1", "tun0"]
    for name, mark in {"docker0": "bridge", "veth1": "brport", "tun0": "tun_flags"}.items():
        (virtual / name / mark).mkdir(parents=True)
    link(tmp_path / "sys/class/net", dict.fromkeys(names, VIRTUAL_NETWORK))
    assert network_rates(tmp_path, names) == (2, 4)


def test_without_sysfs_all_but_the_loopback_count(tmp_path: Path) -> None:
    assert network_rates(tmp_path, ["lo", "eth0"]) == (1, 2)


def test_an_interface_that_comes_is_looked_at(tmp_path: Path) -> None:
    link(tmp_path / "sys/class/net", {"veth1": VIRTUAL_NETWORK})
    assert network_rates(tmp_path, ["lo"]) == (None, None)
    traffic = NetworkTraffic(tmp_path, NO_LIBRARY)
    line = "{}: {} 0 0 0 0 0 0 0 {} 0 0 0 0 0 0 0\n"
    write_files(tmp_path, {"proc/net/dev": "h\nh\n" + line.format("veth1", 0, 0)})
    traffic.read(50.0)
    link(tmp_path / "sys/class/net", {"eth0": PCI})
    for second in (1, 2):
        text = line.format("veth1", 9, 9) + line.format("eth0", second, 2 * second)
        write_files(tmp_path, {"proc/net/dev": f"h\nh\n{text}"})
        found = traffic.read(50.0 + second)
    assert found == (1, 2)


def test_without_proc_the_counters_are_psutils(tmp_path: Path) -> None:
    library = ModuleType("psutil")
    disk, net = (
        SimpleNamespace(read_bytes=0, write_bytes=0),
        SimpleNamespace(bytes_recv=0, bytes_sent=0),
    )
    library.disk_io_counters = lambda perdisk: {"disk0": disk} if perdisk else None  # type: ignore[attr-defined]
    library.net_io_counters = lambda pernic: (  # type: ignore[attr-defined]
        {"lo0": net, "en0": net, "utun1": net} if pernic else None
    )
    disks, networks = DiskTraffic(tmp_path, library), NetworkTraffic(tmp_path, library)
    assert (disks.read(50.0), networks.read(50.0)) == ((None, None), (None, None))
    disk.read_bytes, disk.write_bytes, net.bytes_recv, net.bytes_sent = 4, 6, 8, 10
    assert (disks.read(52.0), networks.read(52.0)) == ((2, 3), (4, 5))


def test_a_system_that_tells_nothing_has_no_rates(tmp_path: Path) -> None:
    for traffic in (DiskTraffic(tmp_path, NO_LIBRARY), NetworkTraffic(tmp_path, NO_LIBRARY)):
        assert traffic.read(50.0) == (None, None)
        assert traffic.read(51.0) == (None, None)
