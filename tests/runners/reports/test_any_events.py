"""Whatever a worker sent, in whatever order: each report can be written in each form."""

from __future__ import annotations

import json
import random
from itertools import islice, product
from typing import NoReturn

import pytest

from runners.reports.names import Form, ReportName
from runners.reports.render import render
from runners.spec import Request
from runners.state import ComparisonState, apply
from tests.fakes.published import planned
from tests.fakes.saved import happenings
from tests.fakes.training import plan

PLANS = (
    plan("cpu", "cuda:0", trials=3),
    planned(Request(workloads=("mlp", "matmul"), devices=("cpu", "mps"), layers=True), trials=2),
    planned(Request(workloads=("mlp",), baseline="cpu", batch_sizes=(1, 2, 3))),
    planned(Request(workloads=("mlp",), devices=("cpu", "mps"), epochs=(1, 3))),
)


def refuse(constant: str) -> NoReturn:
    raise AssertionError(constant)


@pytest.mark.parametrize("seed", range(8))
def test_no_events_break_a_report(seed: int) -> None:
    draw = random.Random(seed)
    state = ComparisonState.of(PLANS[seed % len(PLANS)])
    for key in state.runs:
        for event in islice(happenings(draw), draw.randrange(40)):
            state = apply(state, key, event)

    for form, report in product((Form.TEXT, Form.MARKDOWN, Form.HTML), ReportName):
        assert "\x1b" not in render(state, form, report)
    rows = render(state, Form.CSV).splitlines()
    assert len(rows) == 1 + sum(len(run.epochs) or 1 for run in state.runs.values())
    json.loads(render(state, Form.JSON), parse_constant=refuse)
