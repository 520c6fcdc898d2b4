"""Which jobs of a comparison make a series, joined by a line or not."""

from dataclasses import replace

import pytest

from runners.spec import Order, Plan, Request, differing
from runners.workloads import Variant
from tests.runners.test_cells import plan_of
from tui.jobs import groups_of, is_joined, series_numbers

SIZES = (16, 32, 64)


def series(request: Request) -> dict[str, list[int]]:
    return dict(groups_of(plan_of(request)))


def test_batch_sizes_of_each_device_are_a_line_of_their_own() -> None:
    request = Request(workloads=("mlp",), devices=("cpu", "cuda:0"), batch_sizes=SIZES)
    assert series(request) == {"cpu": [0, 1, 2], "cuda:0": [3, 4, 5]}
    assert is_joined(plan_of(request))


def test_a_baseline_on_another_device_is_on_no_line_of_the_sweep() -> None:
    request = Request(workloads=("mlp",), devices=("cuda:0",), baseline="cpu", batch_sizes=SIZES)
    assert series(request) == {"cpu": [0], "cuda:0": [1, 2, 3]}


@pytest.mark.parametrize(
    "request_",
    [
        Request(workloads=("mlp",), devices=("cpu", "cuda:0", "cuda:1")),
        Request(workloads=("mlp", "cnn5", "resnet50")),
        Request(workloads=("mlp",), variants=tuple(Variant)),
    ],
)
def test_what_differs_in_no_number_is_joined_by_no_line_and_has_marks_of_its_own(
    request_: Request,
) -> None:
    plan = plan_of(request_)
    assert not is_joined(plan)
    assert series_numbers(plan) == (0, 1, 2)
    assert len({name for name, _ in groups_of(plan)}) == 3


def test_a_ladder_over_devices_has_a_series_for_each_device_but_no_line() -> None:
    request = Request(workloads=("mlp", "cnn5"), devices=("cpu", "cuda:0"))
    assert series(request) == {"cpu": [0, 2], "cuda:0": [1, 3]}
    assert not is_joined(plan_of(request))


def side_by_side(*pairs: tuple[str, Request]) -> Plan:
    """Jobs of several comparisons, as the history sets them side by side."""
    jobs = [
        replace(job, label=f"{name} {job.label}")
        for name, request in pairs
        for job in plan_of(request).jobs
    ]
    axes = differing([job.settings for job in jobs])
    return Plan(order=Order.IN_TURN, trials=1, jobs=tuple(jobs), axes=axes)


def test_batch_sizes_of_two_hosts_are_on_two_lines() -> None:
    one = Request(workloads=("mlp",), batch_sizes=(16, 32))
    other = replace(one, batch_sizes=(64, 128))
    plan = side_by_side(("#1@here", one), ("#2@there", other))
    assert groups_of(plan) == [("#1@here cpu", [0, 1]), ("#2@there cpu", [2, 3])]


def test_batch_sizes_over_other_numbers_of_samples_are_on_two_lines() -> None:
    one = Request(workloads=("mlp",), batch_sizes=(16, 32), train_samples=100)
    other = replace(one, batch_sizes=(64, 128), train_samples=200)
    assert [jobs for _, jobs in groups_of(side_by_side(("#1", one), ("#1", other)))] == [
        [0, 1],
        [2, 3],
    ]
