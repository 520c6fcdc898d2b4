"""A reading as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from sensors.clock_limits import clock_limits
from sensors.gpu_readings import GpuReading
from sensors.readings import Problem, ProcessReading, Reading
from sensors.snapshot import snapshot
from tests.fakes.reading_source import make_reading


def as_json(reading: Reading) -> Any:
    return json.loads(json.dumps(snapshot(reading), allow_nan=False))


def full_reading() -> Reading:
    gpu = GpuReading(
        index=0,
        uuid="GPU-0",
        name="NVIDIA \x1b[31m",
        busy_pct=62.0,
        temperature_c=float("nan"),
        power_w=float("inf"),
        clock_limits=clock_limits(0x4),
    )
    return replace(
        make_reading(),
        gpus=(gpu,),
        processes=(ProcessReading(pid=7, gpu_uuid="GPU-0"),),
        problems=(Problem(source="nvml", what="No driver."),),
    )


def test_the_schema_and_all_parts_are_there() -> None:
    found = as_json(full_reading())
    assert found["schema"] == "racetop.snapshot/1"
    parts = {"schema", "taken_at", "took_s", "driver", "host", "gpus", "processes", "problems"}
    assert set(found) == parts


def test_the_time_is_iso_8601_with_a_time_zone() -> None:
    taken_at = datetime.fromisoformat(as_json(full_reading())["taken_at"])
    assert taken_at.utcoffset() is not None
    assert taken_at.timestamp() == 1.7e9


def test_a_gpu_has_the_documented_keys() -> None:
    (gpu,) = as_json(full_reading())["gpus"]
    documented = [
        "index",
        "uuid",
        "name",
        "state",
        "busy_pct",
        "memory_busy_pct",
        "memory_used_bytes",
        "memory_total_bytes",
        "temperature_c",
        "power_w",
        "power_limit_w",
        "sm_clock_mhz",
        "memory_clock_mhz",
        "fan_pct",
        "pcie_rx_bytes_per_s",
        "pcie_tx_bytes_per_s",
        "clock_limits",
        "energy_j",
    ]
    assert set(documented) <= set(gpu)
    assert (gpu["busy_pct"], gpu["state"], gpu["name"]) == (62.0, "ok", "NVIDIA \x1b[31m")


def test_a_process_has_the_documented_keys() -> None:
    (process,) = as_json(full_reading())["processes"]
    documented = [
        "pid",
        "user",
        "gpu_uuid",
        "gpu_memory_bytes",
        "gpu_busy_pct",
        "cpu_pct",
        "memory_bytes",
        "command",
    ]
    assert set(documented) <= set(process)


def test_what_is_unknown_is_null_and_so_is_what_is_no_number() -> None:
    (gpu,) = as_json(full_reading())["gpus"]
    assert gpu["fan_pct"] is None
    assert gpu["temperature_c"] is None
    assert gpu["power_w"] is None


def test_clock_limits_are_a_list_of_records_and_null_where_unknown() -> None:
    reading = full_reading()
    assert as_json(reading)["gpus"][0]["clock_limits"] == [
        {"name": "power-cap", "text": "at the power limit", "severity": "warning"}
    ]
    unknown = replace(reading.gpus[0], clock_limits=None)
    assert as_json(replace(reading, gpus=(unknown,)))["gpus"][0]["clock_limits"] is None


def test_problems_have_a_remedy_or_null() -> None:
    assert as_json(full_reading())["problems"] == [
        {"source": "nvml", "what": "No driver.", "remedy": None}
    ]
