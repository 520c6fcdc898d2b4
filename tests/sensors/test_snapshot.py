"""A reading as JSON."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sensors.clock_limits import clock_limits
from sensors.gpu_readings import GpuReading, MigInstance
from sensors.readings import HostReading, Problem, ProcessReading, Reading
from sensors.snapshot import NOT_IN_ROWS, row, row_columns, snapshot
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
    parts = {
        *("schema", "taken_at", "took_s", "gpus_age_s"),
        *("driver", "host", "gpus", "processes", "problems"),
    }
    assert set(found) == parts


def test_the_time_is_iso_8601_with_a_time_zone() -> None:
    taken_at = datetime.fromisoformat(as_json(full_reading())["taken_at"])
    assert taken_at.utcoffset() is not None
    assert taken_at.timestamp() == 1.7e9


def test_the_age_of_what_is_told_of_the_gpus_is_told() -> None:
    assert as_json(full_reading())["gpus_age_s"] is None
    late = replace(full_reading(), taken_at_s=12.0, gpus_taken_at_s=9.5)
    assert as_json(late)["gpus_age_s"] == 2.5
    assert as_json(replace(late, gpus_taken_at_s=12.01))["gpus_age_s"] == 0.0
    assert row(late)["gpus_age_s"] == 2.5


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


def test_every_field_of_the_records_is_a_key() -> None:
    found = as_json(full_reading())
    for keys, record in (
        (found["host"], HostReading),
        (found["gpus"][0], GpuReading),
        (found["processes"][0], ProcessReading),
    ):
        assert list(keys) == [field.name for field in fields(record)]


def test_records_within_records_are_objects() -> None:
    instance = MigInstance(index=1, uuid="MIG-1", profile="1g.10gb")
    gpu = replace(
        full_reading().gpus[0],
        mig_instances=(instance,),
        clock_limit_s=MappingProxyType({"power-cap": 1.5}),
        unknown={"fan_pct": "not supported"},
    )
    (found,) = as_json(replace(full_reading(), gpus=(gpu,)))["gpus"]
    assert found["mig_instances"][0]["profile"] == "1g.10gb"
    assert found["clock_limit_s"] == {"power-cap": 1.5}
    assert found["unknown"] == {"fan_pct": "not supported"}


def gpus(*numbers: int) -> tuple[GpuReading, ...]:
    seconds = {"power-cap": 2.5}
    return tuple(
        GpuReading(
            index=number,
            uuid=f"GPU-{number}",
            name="NVIDIA H200",
            busy_pct=10.0 * number,
            clock_limits=clock_limits(0x44),
            clock_limit_s=seconds,
        )
        for number in numbers
    )


def test_a_row_has_a_column_for_each_field_of_host_and_gpus_but_lists() -> None:
    columns = row_columns(replace(make_reading(), gpus=gpus(0, 1)))
    assert len(columns) == len(set(columns))
    for prefix, record in (("host", HostReading), ("gpu0", GpuReading), ("gpu1", GpuReading)):
        names = {field.name for field in fields(record)} - NOT_IN_ROWS
        names -= {"index", "clock_limit_s"}
        assert {f"{prefix}_{name}" for name in names} <= set(columns)
    assert {"gpu0_power_cap_s", "gpu1_power_cap_s"} <= set(columns)
    assert {"taken_at", "took_s", "driver_state", "gpus_age_s", "problems"} <= set(columns)
    assert not [column for column in columns if "processes" in column]


def test_a_row_holds_plain_values_and_none_for_the_unknown() -> None:
    reading = replace(
        full_reading(), gpus=(*gpus(2), replace(full_reading().gpus[0], clock_limits=None))
    )
    cells = row(reading)
    assert cells["gpu2_busy_pct"] == 20.0
    assert cells["gpu2_clock_limits"] == "hw-thermal+power-cap"
    assert cells["gpu2_power_cap_s"] == 2.5
    assert cells["gpu0_clock_limits"] is None
    assert cells["gpu0_power_w"] is None
    assert cells["host_hostname"] == "box"
    assert cells["problems"] == "No driver."
    assert all(value is None or isinstance(value, str | int | float) for value in cells.values())


def test_a_card_that_nothing_holds_says_none_which_is_not_unknown() -> None:
    gpu = replace(gpus(0)[0], clock_limits=())
    assert row(replace(make_reading(), gpus=(gpu,)))["gpu0_clock_limits"] == "none"
