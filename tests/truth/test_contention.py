"""Cores that others take, or that the job takes from itself, are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners.diagnosis.records import Bottleneck
from tests.fakes.real_diagnosis import diagnosed, first_core, job, training_on

pytestmark = [pytest.mark.torch, pytest.mark.slow, pytest.mark.alone]


def test_two_trainings_on_the_same_core_are_named(sets: Path, group: Path | None) -> None:
    with training_on(first_core(), sets, group):
        found = diagnosed(job("fashion-cnn", sets), group=group)

    assert found.bottleneck is Bottleneck.CONTENDED, found.sentence
    assert found.shares.contended is not None
    # Two that want a core all the time have half of it each.
    assert found.shares.contended.value == pytest.approx(0.5, abs=0.15)


def test_loader_processes_that_take_the_only_core_are_named(sets: Path, group: Path | None) -> None:
    found = diagnosed(job("fashion-cnn", sets, workers=4), group=group)

    assert found.bottleneck is Bottleneck.CONTENDED, found.sentence
    assert "loader process" in found.sentence
    changes = [dict(remedy.changes) for remedy in found.remedies]
    assert any(change.get("workers") in (0, 1, 2, 3) for change in changes)
