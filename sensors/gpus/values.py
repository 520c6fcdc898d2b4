"""The fields of one GPU's reading as they become known, and why others are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sensors.gpu_readings import GpuReading

NOT_ASKED = "not asked yet"
# None is an answer of its own for these: there is nothing to report.
_MAY_BE_NOTHING = frozenset(
    {"pci_bus_id", "state_since_s", "recovery_action", "last_xid", "last_xid_at_s"}
)
_UNKNOWN_AT_FIRST = {
    field.name: NOT_ASKED
    for field in fields(GpuReading)
    if field.default is None and field.name not in _MAY_BE_NOTHING
}


class GpuValues:
    """What is known of a GPU, by the names of its reading's fields.

    Attributes:
        known: The values; None for one that is not known.
        unknown: Why a value is not known; another mapping only after a change.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Know nothing."""
        self.known: dict[str, Any] = {}
        self.unknown: Mapping[str, str] = _UNKNOWN_AT_FIRST

    def set_answer(self, name: str, value: object) -> None:
        """Note a value of which None is an answer too: there is nothing to report."""
        self.known[name] = value
        self._is_known(name)

    def set(self, name: str, value: object, why: str = "not reported") -> None:
        """Note a value, or why there is none.

        Args:
            name: Name of the field.
            value: The value; None for none.
            why: Why there is none, in a few words.
        """
        self.known[name] = value
        if value is not None:
            self._is_known(name)
        else:
            self.explain(name, why)

    def explain(self, name: str, why: str) -> None:
        """Note why something is not known that need not be a field.

        Args:
            name: What.
            why: Why, in a few words.
        """
        if self.unknown.get(name) != why:
            self.unknown = {**self.unknown, name: why}

    def _is_known(self, name: str) -> None:
        if name in self.unknown:
            self.unknown = {key: why for key, why in self.unknown.items() if key != name}
