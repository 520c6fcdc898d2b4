"""Cores that others take, or that the job takes from itself, are named; and not when there."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners.diagnosis.records import Bottleneck
from tests.fakes.real_diagnosis import diagnosed, first_core, job, neighbor_on, training_on

pytestmark = [pytest.mark.torch, pytest.mark.slow, pytest.mark.alone]


def test_a_busy_neighbor_on_the_same_core_is_named(sets: Path) -> None:
    with neighbor_on(first_core()):
        found, _ = diagnosed(job("fashion-cnn", sets))

    assert found.bottleneck is Bottleneck.CONTENDED
    assert found.shares.contended is not None
    # Two that want a core all the time have half of it each.
    assert found.shares.contended.value == pytest.approx(0.5, abs=0.15)


def test_two_trainings_on_the_same_core_are_named(sets: Path) -> None:
    with training_on(first_core(), sets):
        found, _ = diagnosed(job("fashion-cnn", sets))

    assert found.bottleneck is Bottleneck.CONTENDED


def test_loader_processes_that_take_the_only_core_are_named(sets: Path) -> None:
    found, _ = diagnosed(job("fashion-cnn", sets, workers=4))

    assert found.bottleneck is Bottleneck.CONTENDED
    assert "loader process" in found.sentence
    changes = [dict(remedy.changes) for remedy in found.remedies]
    assert any(change.get("workers") in (0, 1, 2, 3) for change in changes)


@pytest.mark.usefixtures("quiet")
def test_nothing_is_contended_without_neighbors_or_loader_processes(sets: Path) -> None:
    found, _ = diagnosed(job("fashion-cnn", sets))

    assert found.bottleneck is not Bottleneck.CONTENDED
    assert found.shares.contended is not None
    assert found.shares.contended.value < 0.1
