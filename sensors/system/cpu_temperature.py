"""The temperature of the processor, from the chip that measures it."""

from __future__ import annotations

from pathlib import Path

from sensors.system.files import read_int, read_text

# For each chip that sits in a processor, its labels in order of preference; "" is no label.
# Tdie is the real temperature; Tctl has an offset on some models. ACPI zones are left out on
# purpose: they measure anything.
_LABELS: dict[str, tuple[str, ...]] = {
    "coretemp": ("Package id",),
    "k10temp": ("Tdie", "Tctl", ""),
    "zenpower": ("Tdie", "Tctl"),
    "cpu_thermal": ("",),
}


class CpuTemperature:
    """The hottest processor package; the sensors are looked for once.

    Args:
        root: Folder that stands for `/`.
    """

    def __init__(self, root: Path) -> None:
        chips = sorted((root / "sys/class/hwmon").glob("hwmon*"))
        self._inputs = [file for chip in chips if (file := _input_of(chip)) is not None]

    def read_c(self) -> float | None:
        """Degrees Celsius; None where no sensor answers."""
        values = [value for file in self._inputs if (value := read_int(file)) is not None]
        return max(values) / 1e3 if values else None


def _input_of(chip: Path) -> Path | None:
    """The file with the package's temperature in thousandths of a degree."""
    labels = _LABELS.get((read_text(chip / "name") or "").strip())
    if labels is None:
        return None
    inputs = sorted(chip.glob("temp*_input"))
    named = {file: (read_text(_label_of(file)) or "").strip() for file in inputs}
    for label in labels:
        for file, name in named.items():
            if name.startswith(label):
                return file
    return None


def _label_of(file: Path) -> Path:
    return file.with_name(file.name.replace("_input", "_label"))
