from __future__ import annotations

import json

import pytest

from runners.workloads.catalogue import CATALOGUE, LADDERS
from tui.commands.workloads import catalogue_as_json, run_workloads


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert run_workloads(as_json=False) == 0
    return capsys.readouterr().out.splitlines()


def test_each_workload_has_a_row_with_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {line.split()[0]: line.split() for line in printed(capsys)[1 : 1 + len(CATALOGUE)]}

    assert list(rows) == list(CATALOGUE)
    assert rows["resnet63"][1:] == [
        "one-batch", "CIFAR10", "15,187,722", "857,300", "64", "4", "calls", "3"
    ]  # fmt: skip
    assert rows["fashion-cnn"][3:] == ["36,758", "147", "100", "10", "epochs", "1"]


def test_what_this_project_chose_itself_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(" ".join(printed(capsys)).split())

    for workload in CATALOGUE.values():
        if workload.own_choices:
            assert f"chosen here: {', '.join(workload.own_choices)}" in text


def test_the_ladders_are_listed_for_people_and_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = printed(capsys)

    for name, workloads in LADDERS.items():
        assert f"  {name}: {', '.join(workloads)}" in lines
    document = json.loads(json.dumps(catalogue_as_json()))
    assert document["ladders"]["micro"] == ["matmul", "resize", "augment", "inference"]
    assert document["workloads"][0]["unit"] == "epoch"
