"""The driver's error reports (Xid), looked for without waiting."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

_EVENT_XID = 0x8
# A card in trouble may report for ever: the next look goes on.
_MOST_AT_A_LOOK = 16


class XidReports:
    """Error reports of some cards since this was made.

    Args:
        nvml: The module `pynvml`, or what behaves like it.
        handles: NVML's handles of the cards, by their identity.

    Attributes:
        watched: The cards that can report.
    """

    def __init__(self, nvml: ModuleType, handles: Mapping[str, Any]) -> None:
        self._nvml = nvml
        self._set: Any = None
        # The driver names a card by its handle's bytes, an address.
        self._uuids = {bytes(handle): uuid for uuid, handle in handles.items()}
        self.watched: set[str] = set()
        try:
            self._set = nvml.nvmlEventSetCreate()
        except Exception:  # noqa: BLE001 - a driver or a module without events: no reports
            return
        self.watched = {uuid for uuid, handle in handles.items() if self._watch(handle)}

    def read(self) -> list[tuple[str, int]]:
        """What came since the last time: a card's identity and the number of the error."""
        found: list[tuple[str, int]] = []
        while self.watched and len(found) < _MOST_AT_A_LOOK:
            try:
                event = self._nvml.nvmlEventSetWait_v2(self._set, 0)
            except Exception:  # noqa: BLE001 - nothing came, or the driver is in trouble
                break
            uuid = self._uuids.get(bytes(event.device))
            if uuid is not None:
                found.append((uuid, int(event.eventData)))
        return found

    def close(self) -> None:
        """Look for no more reports."""
        events, self._set = self._set, None
        self.watched = set()
        if events is not None:
            try:
                self._nvml.nvmlEventSetFree(events)
            except self._nvml.NVMLError:
                return

    def _watch(self, handle: object) -> bool:
        try:
            self._nvml.nvmlDeviceRegisterEvents(handle, _EVENT_XID, self._set)
        except Exception:  # noqa: BLE001 - this card cannot report
            return False
        return True
