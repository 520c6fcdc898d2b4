"""Which GPUs the kernel has put to sleep, told without waking them (laptops)."""

from __future__ import annotations

from pathlib import Path

from sensors.system.files import read_text


class RuntimePower:
    """What the kernel says of the GPUs' power, in files that wake no card.

    Args:
        root: Folder that stands for `/`.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._devices = root / "sys/bus/pci/devices"
        self._bound = root / "sys/bus/pci/drivers/nvidia"
        self._version = root / "sys/module/nvidia/version"

    def driver_version(self) -> str | None:
        """Version of the kernel module; None where it is not loaded."""
        return (read_text(self._version) or "").strip() or None

    def places(self) -> tuple[str, ...]:
        """Where the cards are on the bus that the driver has, in its order."""
        try:
            return tuple(sorted(path.name for path in self._bound.iterdir() if ":" in path.name))
        except OSError:
            return ()

    def may_suspend(self, place: str) -> bool:
        """Whether the kernel puts the card to sleep while nobody uses it.

        Args:
            place: Where it is on the bus, as NVML or the kernel spells it.
        """
        return self._read(place, "control") == "auto"

    def is_suspended(self, place: str) -> bool:
        """Whether it sleeps."""
        return self._read(place, "runtime_status") == "suspended"

    def _read(self, place: str, name: str) -> str:
        domain, _, rest = place.lower().partition(":")
        # NVML writes the domain with eight digits, the kernel with four.
        folder = f"{self._devices}/{domain[-4:]}:{rest}"
        return (read_text(f"{folder}/power/{name}") or "").strip()
