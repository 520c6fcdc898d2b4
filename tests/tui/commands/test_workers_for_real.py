"""A sweep of real loader processes as people start it; no figure depends on how fast they are."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from tests.tui.commands.test_compare_for_real import SMALL, racetop

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_what_loader_processes_take_is_there_and_grows_with_their_number(home: Path) -> None:
    asked = ("--devices", "cpu", "--workers", "0,1,2", "--start-method", "fork")
    done = racetop(home, "compare", "mlp", *asked, *SMALL, "--json")
    assert done.returncode == 0, done.stderr
    (sweep,) = json.loads(done.stdout)["workers_sweeps"]
    none, *others = counts = sweep["counts"]
    assert [count["workers"] for count in counts] == [0, 1, 2]
    assert [count["processes"] for count in counts] == [0, 1, 2]
    assert {count["start_method"] for count in others} == {"fork"}
    assert none["start_method"] is None
    memory = [count["processes_memory_bytes"] for count in counts]
    assert all(fewer < more for fewer, more in pairwise(memory)), memory
    assert none["processes_cores_busy"] == 0
    assert all(count["processes_cores_busy"] > 0 for count in others)
    assert all(0 < count["first_wait_share"] < 1 for count in counts)
    assert all(0 <= count["data_wait_share"] <= 1 for count in counts)
    assert all(count["core_wait_share"] >= 0 for count in counts)
    assert all(count["start_s"] >= 0 for count in others)
    assert sweep["best"] in (0, 1, 2)
    assert sweep["knee"] <= sweep["best"]
