"""docs/snapshot.md tells of every key, and of its type."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from sensors.gpu_readings import ClockLimit, DriverReading, GpuReading, MigInstance
from sensors.readings import HostReading, Problem, ProcessReading
from sensors.snapshot import NOT_IN_ROWS, SCHEMA, snapshot
from tests.fakes.reading_source import make_reading

DOCUMENT = Path(__file__).parents[2] / "docs" / "snapshot.md"
SECTIONS = {
    "`driver`": DriverReading,
    "`host`": HostReading,
    "`gpus[]`": GpuReading,
    "`gpus[].clock_limits[]`": ClockLimit,
    "`gpus[].mig_instances[]`": MigInstance,
    "`processes[]`": ProcessReading,
    "`problems[]`": Problem,
}
TYPES = {
    "str": "text",
    "NvmlState": "text",
    "GpuState": "text",
    "Severity": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "tuple[int, ...]": "list of whole numbers",
    "tuple[float, ...]": "list of numbers",
    "tuple[ClockLimit, ...]": "list of objects",
    "tuple[MigInstance, ...]": "list of objects",
    "Mapping[str, float]": "object of numbers",
    "Mapping[str, str]": "object of texts",
}
UNITS = {
    "_bytes_per_s": "bytes/s",
    "_at_s": "s since 1970",
    "_since_s": "s since 1970",
    "_pct": "%",
    "_bytes": "bytes",
    "_mhz": "MHz",
    "_rpm": "rpm",
    "_c": "°C",
    "_w": "W",
    "_j": "J",
    "_s": "s",
}


def section(title: str) -> str:
    text = DOCUMENT.read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section {title}"
    return found[1]


def rows(title: str) -> dict[str, list[str]]:
    """The cells of each row of a section's table but the first, by the key in the first."""
    lines = [line for line in section(title).splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {key.strip("`| "): rest for key, *rest in cells}


def type_in_words(annotation: str) -> str:
    plain = annotation.removesuffix(" | None")
    return TYPES[plain] + (", null" if plain != annotation else "")


@pytest.mark.parametrize("title", SECTIONS)
def test_every_key_is_told_with_its_type_in_the_order_of_the_document(title: str) -> None:
    told = {key: cells[0] for key, cells in rows(title).items()}
    expected = {field.name: type_in_words(str(field.type)) for field in fields(SECTIONS[title])}
    assert told == expected
    assert list(told) == list(expected)


@pytest.mark.parametrize("title", SECTIONS)
def test_every_key_has_its_unit_a_meaning_and_says_when_it_is_null(title: str) -> None:
    for key, (kind, unit, meaning, null, _source) in rows(title).items():
        suffix = next((suffix for suffix in UNITS if key.endswith(suffix)), None)
        assert unit == UNITS[suffix] if suffix else unit in ("", "cores"), key
        assert meaning.endswith((".", "...")), key
        assert bool(null) == ("null" in kind or kind.startswith(("list", "object"))), key


def test_the_documents_own_keys_are_told() -> None:
    assert list(rows("The document")) == list(snapshot(make_reading()))
    assert SCHEMA in section("The document")


def test_what_a_csv_leaves_out_is_told() -> None:
    assert all(f"`{name}`" in section("CSV") for name in NOT_IN_ROWS)
