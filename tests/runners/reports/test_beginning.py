"""How busy the machine was as a comparison began, and what of it is worth a warning."""

from __future__ import annotations

from typing import Any

import pytest

from runners.events import DeviceReady
from runners.reports.beginning import beginning, disturbances
from runners.reports.names import Form
from runners.reports.render import render
from runners.spec import RunKey
from runners.state import ComparisonState, apply
from tests.fakes.training import finished_run, plan, replayed


def machine(**host: Any) -> dict[str, Any]:
    known = {"cores_usable": 4, "cores_total": 4, "cores_limit": None, "cpu_busy_pct": 2.0}
    return {"host": known | host}


def with_gpu(**values: Any) -> dict[str, Any]:
    gpu = {"uuid": "GPU-1", "busy_pct": 0.0, "temperature_c": 41.4, "clock_limits": []}
    other = gpu | {"uuid": "GPU-2", "busy_pct": 99.0}
    return machine() | {"gpus": [gpu | values, other]}


def on_gpu() -> ComparisonState:
    state = replayed(plan("cpu", "cuda:0"), finished_run(2.0, 1.0), finished_run(2.0, 1.0))
    ready = DeviceReady(device_name="A GPU", device_uuid="GPU-1", versions={}, threads=1)
    return apply(state, RunKey(job=1, trial=0), ready)


def test_an_idle_machine_is_told_of_and_not_warned_of() -> None:
    assert beginning(on_gpu(), with_gpu()) == (
        "0.1 of 4 cores busy, cuda:0 0 % busy, cuda:0 at 41 °C"
    )
    assert disturbances(on_gpu(), with_gpu()) == []


def test_cores_that_others_keep_busy_are_warned_of() -> None:
    (said,) = disturbances(on_gpu(), machine(cpu_busy_pct=45.0))
    assert said.startswith("As the first job began, 1.8 of 4 cores were busy already")


def test_on_a_large_machine_a_busy_core_is_usual() -> None:
    assert disturbances(on_gpu(), machine(cores_usable=128, cpu_busy_pct=1.0)) == []


def test_only_the_cores_that_may_be_used_count() -> None:
    pinned = machine(
        cores_usable=2,
        cores_limit="affinity",
        cpu_busy_pct=50.0,
        core_busy_pct=[100.0, 100.0, 1.0, 3.0],
        usable_core_ids=[2, 3],
    )
    assert beginning(on_gpu(), pinned) == "0.0 of 2 cores busy"
    assert disturbances(on_gpu(), pinned) == []


def test_under_a_quota_the_time_of_the_group_counts() -> None:
    quota = machine(cores_usable=1.5, cores_limit="cgroup", group_busy_cores=1.4, cpu_busy_pct=3.0)
    assert beginning(on_gpu(), quota) == "1.4 of 1.5 cores busy"
    assert "1.4 of 1.5 cores were busy" in disturbances(on_gpu(), quota)[0]


def test_a_gpu_in_use_or_held_down_is_warned_of() -> None:
    hot = [
        {"name": "sw-thermal", "text": "hot: the driver lowers clocks", "severity": "critical"},
        {"name": "idle", "text": "idle: nothing runs", "severity": "information"},
    ]
    busy, held = disturbances(on_gpu(), with_gpu(busy_pct=97.0, clock_limits=hot))
    assert busy.startswith("As the first job began, cuda:0 was 97 % busy already")
    assert held.endswith("the clocks of cuda:0 were held down: hot: the driver lowers clocks.")


@pytest.mark.parametrize(
    "unknown",
    [None, {}, {"host": {}}, {"host": {"cores_usable": 2}}, {"gpus": [{"uuid": "GPU-1"}]}],
)
def test_what_is_unknown_is_neither_told_nor_warned_of(unknown: dict[str, Any] | None) -> None:
    assert beginning(on_gpu(), unknown) == "n/a"
    assert disturbances(on_gpu(), unknown) == []


def test_each_form_for_people_tells_of_it() -> None:
    for form in (Form.TEXT, Form.MARKDOWN, Form.HTML):
        said = render(on_gpu(), form, machine=machine(cpu_busy_pct=100.0))
        assert "4.0 of 4 cores busy" in said
        assert "4.0 of 4 cores were busy already" in said
