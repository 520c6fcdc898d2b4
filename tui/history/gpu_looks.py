"""Which readings tell something new of the GPUs. Pure."""

from __future__ import annotations

from sensors.gpu_readings import NvmlState
from sensors.readings import Reading

SAME_MOMENT_S = 0.45
"""Less than the shortest interval: a driver that hangs is a gap from the next reading on."""


class GpuLooks:
    """Tells values of the moment of a reading from those of a look that was there before.

    While a call into the driver takes long, readings hold the last look again. It counts once;
    once more only in a reading of the same moment, as one asked for by a key.
    """

    def __init__(self) -> None:
        self._last_s: float | None = None

    def are_of(self, reading: Reading) -> bool:
        """Whether what a reading tells of the GPUs is of its moment."""
        age_s, last_s = reading.gpus_age_s, self._last_s
        self._last_s = reading.gpus_taken_at_s
        if reading.driver.state is NvmlState.SILENT:
            return False
        return age_s is None or reading.gpus_taken_at_s != last_s or age_s < SAME_MOMENT_S
