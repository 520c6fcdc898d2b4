"""NVML's field values: many numbers about a card in one call."""

from __future__ import annotations

from enum import IntEnum

from sensors.gpus.nvml_errors import CARD_LOST, PERMANENT, Code, reason
from sensors.gpus.questions import Answer, CardLostError, Questions


class Field(IntEnum):
    """NVML's numbers of the values that are read here."""

    ECC_CORRECTED = 3
    ECC_UNCORRECTED = 4
    POWER_CAP_NS = 74
    SYNC_BOOST_NS = 76
    MEMORY_TEMPERATURE_C = 82
    ENERGY_MJ = 83
    NVLINK_TX_KIB = 138
    NVLINK_RX_KIB = 139
    REMAPPED_CORRECTABLE = 142
    REMAPPED_UNCORRECTABLE = 143
    REMAP_PENDING = 144
    REMAP_FAILED = 145
    POWER_AVERAGE_MW = 185
    SLOWDOWN_MARGIN_C = 194
    PCIE_TX_BYTES = 197
    PCIE_RX_BYTES = 198
    RECOVERY_ACTION = 230
    SW_THERMAL_NS = 269
    HW_THERMAL_NS = 270
    POWER_BRAKE_NS = 271


# Where a value is not of the whole card: the sum over all its NVLinks.
_ALL_LINKS = 0xFFFFFFFF
_SCOPES = {Field.NVLINK_TX_KIB: _ALL_LINKS, Field.NVLINK_RX_KIB: _ALL_LINKS}
# How a value says which member of its union holds the number.
_MEMBERS = {0: "dVal", 1: "uiVal", 2: "ulVal", 3: "ullVal", 4: "sllVal", 5: "siVal", 6: "usVal"}
# An older driver calls the numbers of newer fields invalid.
_LACKING = PERMANENT | {Code.INVALID_ARGUMENT}


class FieldBatch:
    """Some of a card's field values, asked together; those it lacks are left out from then on.

    Args:
        questions: Asks the card.
        fields: What to ask.
    """

    def __init__(self, questions: Questions, *fields: Field) -> None:
        self._questions = questions
        self._fields = fields
        self._lacking: dict[Field, str] = {}
        self._failing: dict[Field, str] = {}
        self._plan()

    def ask(self) -> dict[Field, float]:
        """The values that there are, by field.

        Raises:
            CardLostError: The card fell off the bus or needs a reset.
            DriverGoneError: NVML must be opened anew.
        """
        if not self._asked:
            return {}
        values = self._questions.ask(*self._question)
        if values is None:
            self._judge_call()
            return {}
        numbers = {}
        self._failing = {}
        for field, value in zip(self._asked, values, strict=True):
            if value.nvmlReturn == Code.SUCCESS:
                numbers[field] = getattr(value.value, _MEMBERS.get(value.valueType, "ullVal"))
            else:
                self._judge(field, value)
        if not self._lacking.keys().isdisjoint(self._asked):
            self._plan()
        return numbers

    def lacks(self, field: Field) -> bool:
        """Whether the card will never tell this value."""
        return field in self._lacking

    def why(self, field: Field) -> str:
        """Why a value is not known, in a few words."""
        return self._lacking.get(field) or self._failing.get(field) or "not reported"

    def _plan(self) -> None:
        self._asked = tuple(field for field in self._fields if field not in self._lacking)
        pairs = tuple((int(field), _SCOPES.get(field, 0)) for field in self._asked)
        self._question = ("nvmlDeviceGetFieldValues", pairs)

    def _judge(self, field: Field, value: Answer) -> None:
        code = value.nvmlReturn
        if code in CARD_LOST:
            raise CardLostError(code, f"field {int(field)}: {reason(code)}")
        kept = self._lacking if code in _LACKING else self._failing
        kept[field] = reason(code)

    def _judge_call(self) -> None:
        is_hopeless = self._questions.is_hopeless(self._question)
        kept = self._lacking if is_hopeless else self._failing
        kept |= dict.fromkeys(self._asked, self._questions.why(self._question))
        if is_hopeless:
            self._plan()
