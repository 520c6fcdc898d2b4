"""What reports say of the machine during the epochs."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

from runners.events import Event
from runners.machine.figures import EnergySource, EpochMachine
from runners.process_events import EpochObserved
from runners.reports import machine
from runners.reports.build import build
from runners.reports.conditions import Origin
from runners.reports.names import Form, ReportName
from runners.reports.render import render
from runners.reports.rows import to_csv
from runners.spec import Order, Plan
from runners.state import ComparisonState
from tests.fakes.training import finished_run, plan, replayed

COOL: dict[str, Any] = {
    "gpu_busy_pct": 91.4,
    "gpu_busy_min_pct": 60.0,
    "power_w": 412.0,
    "energy_j": 1689.0,
    "energy_source": EnergySource.GPU_COUNTER,
    "temperature_c": 66.0,
    "sm_clock_mhz": 1975.0,
    "sm_clock_max_mhz": 1980.0,
    "clock_limit_s": {},
    "own_cores_busy": 1.2,
    "other_cores_busy": 0.25,
    "throttled_s": 0.0,
    "disk_read_bytes": 1000.0,
    "pressure_cpu_pct": 9.0,
    "dips": 0,
    "dips_in_wait": 0,
}
HOT = COOL | {
    "temperature_c": 93.0,
    "sm_clock_mhz": 1410.0,
    "clock_limit_s": {"hw-slowdown": 3.2, "hw-thermal": 3.2, "power-cap": 0.01},
    "gpu_busy_min_pct": 12.0,
    "disk_read_bytes": 96e6,
    "pressure_cpu_pct": 41.0,
    "pressure_io_pct": 12.3,
    "dips": 2,
    "dips_in_wait": 1,
}
ON_CPU = {"own_cores_busy": 1.9, "other_cores_busy": 0.0, "throttled_s": 2.5}


def run(*machines: dict[str, Any], epoch_s: float = 4.1) -> list[Event]:
    events = finished_run(*[epoch_s] * len(machines))
    observed = [
        EpochObserved(epoch=number, machine=EpochMachine(looks=4, **values))
        for number, values in enumerate(machines, 1)
        if values
    ]
    return [*events, *observed]


def rows(state: ComparisonState) -> list[dict[str, str]]:
    (table,) = machine.tables(state)
    return [dict(zip(table.header, row, strict=True)) for row in table.rows]


def test_each_epoch_has_a_row_with_what_is_known() -> None:
    state = replayed(plan("cuda:0", "cpu"), run(COOL, HOT), run(ON_CPU, {}))
    found = rows(state)

    assert found[0] == {
        "job": "cuda:0, epoch 1",
        "GPU busy": "91 %",
        "GPU min": "60 %",
        "power W": "412",
        "energy": "1.69 kJ",
        "mJ/sample": "1,689",
        "°C": "66",
        "clock MHz": "1,975",
        "limits s": "",
        "own cores": "1.20",
        "other cores": "0.25",
        "quota s": "",
        "disk read": "",
        "psi": "",
        "GPU dips": "",
        "note": "",
    }
    assert found[1]["limits s"] == "hw-slowdown 3.2, hw-thermal 3.2"
    assert found[1]["GPU dips"] == "2, 1 in data waits"
    assert (found[1]["disk read"], found[1]["psi"]) == ("92 MiB", "cpu 41 %, io 12 %")
    assert found[1]["note"] == "slowed by hw-thermal for 3.2 of 4.1 s, clock 1,410 of 1,980 MHz"
    assert (found[2]["GPU busy"], found[2]["limits s"], found[2]["quota s"]) == (
        "n/a",
        "n/a",
        "2.50",
    )
    assert len(found) == 3


def test_columns_without_anything_to_say_are_left_out() -> None:
    quiet = {"own_cores_busy": 1.0, "throttled_s": 0.0}

    assert list(rows(replayed(plan("cpu"), run(quiet)))[0]) == ["job", "own cores"]
    assert machine.tables(replayed(plan("cpu"), run({"throttled_s": 0.0}))) == ()
    assert machine.tables(replayed(plan("cpu"), run({}))) == ()


def test_of_many_epochs_a_row_for_each_job() -> None:
    state = replayed(plan("cuda:0", "cpu"), run(*[COOL] * 10, HOT), run(*[ON_CPU] * 5))
    first, second = rows(state)

    assert (first["job"], second["job"]) == ("cuda:0, 11 epochs", "cpu, 5 epochs")
    assert first["clock MHz"] == "1,924"
    assert first["°C"] == "93"
    assert (first["GPU min"], first["psi"]) == ("12 %", "cpu 12 %, io 12 %")
    assert first["note"] == "1 slowed by hw-thermal"
    assert second["quota s"] == "12.5"
    assert second["note"] == ""


def test_every_form_says_beside_an_epoch_what_slowed_it() -> None:
    state = replayed(plan("cuda:0"), run(COOL, HOT, HOT))
    told = "slowed by hw-thermal for 3.2 of 4.1 s, clock 1,410 of 1,980 MHz"

    for form in (Form.TEXT, Form.MARKDOWN, Form.HTML):
        text = " ".join(render(state, form).split())
        assert f"cuda:0, epoch 2 was {told}; so was 1 other epoch." in text
        assert text.count(told) >= 2
    assert machine.remarks(replayed(plan("cuda:0"), run(COOL))) == ()


def test_trials_are_told_apart() -> None:
    state = replayed(plan("cuda:0", trials=2), run(COOL), run(HOT))

    assert [row["job"] for row in rows(state)] == [
        "cuda:0, trial 1, epoch 1",
        "cuda:0, trial 2, epoch 1",
    ]
    (sentence,) = machine.remarks(state)
    assert sentence.startswith("cuda:0, trial 2, epoch 1 was slowed by hw-thermal")


def test_energy_is_a_measure_with_its_source_and_compared_with_its_like_only() -> None:
    less = COOL | {"energy_j": 844.5}
    package = ON_CPU | {"energy_j": 250.0, "energy_source": EnergySource.CPU_POWER}
    in_turn = plan("cuda:0", "cuda:0 tuned", "cpu", order=Order.IN_TURN)

    def cells(of: Plan) -> tuple[str, ...]:
        state = replayed(of, run(COOL, COOL), run(less, {}), run(package))
        table = build(state, ReportName.METRICS, Origin()).tables[0]
        (row,) = [row for row in table.rows if row[0] == "energy an epoch"]
        return row[1:]

    assert cells(in_turn) == (
        "1.69 kJ (gpu counter)",
        "844 J (gpu counter)",
        "250 J (cpu package power)",
        "0.50x the energy",
        "",
    )
    # Side by side on one card each epoch has the energy of both.
    assert cells(replace(in_turn, order=Order.TOGETHER))[-2:] == ("", "")


def test_csv_has_what_the_machine_did_beside_each_epoch() -> None:
    state = replayed(plan("cuda:0"), run(COOL, HOT))
    cool, hot = csv.DictReader(io.StringIO(to_csv(state)))

    assert (cool["gpu_busy_min_pct"], cool["slowed"], cool["dips"]) == ("60.0", "", "0")
    assert (hot["pressure_io_pct"], hot["disk_read_bytes"]) == ("12.3", "96000000.0")
    assert hot["slowed"].startswith("slowed by hw-thermal")
