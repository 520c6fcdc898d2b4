"""What the documents name exists."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from sensors.gpu_readings import DriverReading, GpuReading
from sensors.readings import HostReading, ProcessReading

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"


def test_every_test_named_for_a_bad_environment_exists() -> None:
    text = (DOCS / "bad-environments.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", text)
    missing = [
        f"{file}::{name}"
        for file, name in named
        if f"def {name}(" not in (TESTS / file).read_text(encoding="utf-8")
    ]
    assert len(named) > 50
    assert missing == []


def test_every_key_named_beside_other_monitors_exists() -> None:
    text = (DOCS / "monitors.md").read_text(encoding="utf-8")
    known = {"taken_at", "problems", "driver", "host"}
    for record in (DriverReading, HostReading, GpuReading, ProcessReading):
        known |= {field.name for field in fields(record)}
    last_cells = [line.strip("| ").rpartition(" | ")[2] for line in text.splitlines()]
    named = [
        key
        for cell in last_cells
        for key in re.findall(r"`(?:host\.|driver\.)?([a-z_0-9]+)`", cell)
        if "_" in key
    ]
    assert len(named) > 60
    assert [key for key in named if key not in known] == []
