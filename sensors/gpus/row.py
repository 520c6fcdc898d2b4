"""A card's row: who it is and how it answers, kept while it sleeps, fails or is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sensors.gpu_readings import GpuReading, GpuState


@dataclass(slots=True, eq=False)
class GpuRow:
    """What stays of a card whether or not it can be asked; see `GpuReading` for the fields."""

    index: int
    uuid: str
    name: str = "NVIDIA GPU"
    pci_bus_id: str | None = None
    state: GpuState = GpuState.OK
    state_since_s: float | None = None
    last_xid: int | None = None
    last_xid_at_s: float | None = None
    # Whether this user may not open it.
    is_forbidden: bool = False

    @property
    def is_identified(self) -> bool:
        """Whether the card has told who it is."""
        return not self.uuid.startswith("unknown")

    def enter(self, state: GpuState, wall_s: float) -> None:
        """Note how the card answers; the moment counts where that changed."""
        if state is not self.state:
            self.state_since_s = None if state is GpuState.OK else wall_s
        self.state = state

    def reading(self, values: Mapping[str, Any] | None = None) -> GpuReading:
        """The card's reading.

        Args:
            values: What it answered; only for a card that is well.
        """
        return GpuReading(
            index=self.index,
            uuid=self.uuid,
            name=self.name,
            pci_bus_id=self.pci_bus_id,
            state=self.state,
            state_since_s=self.state_since_s,
            last_xid=self.last_xid,
            last_xid_at_s=self.last_xid_at_s,
            **(values or {}),
        )
