from __future__ import annotations

import argparse
import shlex
from dataclasses import replace

import pytest

from runners.reports.build import build, fitting
from runners.reports.command_line import command_line
from runners.reports.conditions import Origin
from runners.reports.names import ReportName
from runners.spec import Order, Request
from runners.state import ComparisonState
from runners.workloads import Precision, Variant
from tests.fakes.published import planned
from tui.options import add_comparison_options, request_from

RACE = Request(workloads=("mlp",), devices=("cpu", "cuda:0"))


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (RACE, ReportName.JOBS),
        (replace(RACE, workers=(0, 2)), ReportName.JOBS),
        (replace(RACE, layers=True), ReportName.METRICS),
        (replace(RACE, workloads=("resnet63",)), ReportName.CALLS),
        (replace(RACE, batch_sizes=(16, 32)), ReportName.BATCHES),
        (replace(RACE, workloads=("resnet63",), batch_sizes=(16, 32)), ReportName.BATCHES),
        (replace(RACE, workloads=("mlp", "cnn5")), ReportName.LADDER),
        (replace(RACE, epochs=(1, 10)), ReportName.LADDER),
        (replace(RACE, workloads=("matmul",)), ReportName.LADDER),
    ],
)
def test_the_report_fits_the_shape_of_the_comparison(
    request_: Request, expected: ReportName
) -> None:
    assert fitting(planned(request_)) is expected


def test_every_report_takes_every_shape_before_anything_ran() -> None:
    for request in (
        Request(workloads=("mlp",)),
        replace(RACE, batch_sizes=(16, 32), epochs=(1, 2)),
        replace(RACE, workloads=("resnet63", "mlp", "matmul")),
    ):
        state = ComparisonState.of(planned(request, trials=2))
        for name in ReportName:
            report = build(state, name, Origin())
            for table in report.tables:
                assert {len(row) for row in table.rows} <= {len(table.header)}


def test_a_plain_race_as_a_ladder_has_a_column_for_each_device() -> None:
    table = build(ComparisonState.of(planned(RACE)), ReportName.LADDER, Origin()).tables[0]

    assert table.header[-3:] == ("cpu epoch s", "cuda:0 epoch s", "speed-up")
    assert [row[0] for row in table.rows] == ["mlp"]


@pytest.mark.parametrize(
    "request_",
    [
        RACE,
        replace(RACE, devices=("cuda:0",), baseline="cpu", batch_sizes=(16, 32), trials=3),
        replace(
            RACE,
            variants=(Variant.AS_WRITTEN, Variant.TUNED),
            precisions=(Precision.FP32, Precision.BF16),
            order=Order.TOGETHER,
            threads=(1, 2),
            workers=(0, 4),
            epochs=(2,),
        ),
        replace(
            RACE,
            compiles=(True, False),
            layers=True,
            channels_last=False,
            fused=True,
            seed=3,
            data="/data/with a space",
            weights="w.pth",
            time_budget_s=90.0,
            within_pct=2.5,
            train_samples=1000,
            test_samples=100,
        ),
    ],
)
def test_the_command_line_asks_for_the_same_again(request_: Request) -> None:
    _, _, workload, *words = shlex.split(command_line(request_))
    parser = argparse.ArgumentParser()
    add_comparison_options(parser)
    options = parser.parse_args(words, argparse.Namespace(workload=workload))

    assert request_from(options, accelerator="cuda:0", order=Order.IN_TURN) == request_
