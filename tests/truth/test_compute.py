"""Trainings that nothing holds up but their steps, which nothing else is said to hold up."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners.diagnosis.records import Bottleneck
from runners.workloads import Variant
from tests.fakes.real_diagnosis import diagnosed, job

pytestmark = [pytest.mark.torch, pytest.mark.slow, pytest.mark.alone]


def test_a_tiny_model_at_batch_1_is_launch_bound(sets: Path, group: Path | None) -> None:
    settings = job("mlp", sets, variant=Variant.TUNED, batch_size=1)
    found = diagnosed(settings, group=group)

    assert found.bottleneck is Bottleneck.LAUNCH
    assert found.shares.launch_ratio is not None
    assert found.shares.launch_ratio.value < 1.2
    assert any("batch" in remedy.what for remedy in found.remedies)


def test_a_big_convolution_is_compute_bound_and_contends_with_nothing(
    sets: Path, group: Path | None
) -> None:
    found = diagnosed(job("cnn5", sets, batch_size=8), group=group, trials=3)

    # On noisy cores an interval may straddle its cut-off: the class it would be is named even so.
    assert found.bottleneck in (Bottleneck.COMPUTE, Bottleneck.UNDECIDED)
    assert "compute-bound" in found.sentence
    assert found.shares.launch_ratio is not None
    assert found.shares.launch_ratio.value > 1.5
    assert found.shares.stall is not None
    assert found.shares.stall.value < 0.05
    assert found.shares.contended is not None
    assert found.shares.contended.value < 0.1
