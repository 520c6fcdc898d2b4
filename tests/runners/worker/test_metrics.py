"""Loss and accuracy over a pass."""

from __future__ import annotations

import pytest
import torch

from runners.worker.metrics import ItemMetrics, Metrics, ResidentMetrics

pytestmark = pytest.mark.torch


@pytest.fixture(params=["each step", "once"])
def metrics(request: pytest.FixtureRequest) -> Metrics:
    return ItemMetrics() if request.param == "each step" else ResidentMetrics(torch.device("cpu"))


def scores(labels: torch.Tensor, classes: int = 4) -> torch.Tensor:
    """What a model says that is sure of these classes; they are dimension 1."""
    return torch.nn.functional.one_hot(labels, classes).movedim(-1, 1).float()


def test_the_loss_is_that_of_all_samples_whatever_the_last_batch_has(metrics: Metrics) -> None:
    labels = torch.tensor([0, 1, 2, 3])
    metrics.add(torch.tensor(1.0), scores(labels), labels)
    metrics.add(torch.tensor(6.0), scores(labels[:1]), labels[:1])
    assert metrics.samples == 5
    assert metrics.loss() == pytest.approx(2.0)
    assert metrics.loss_so_far() == pytest.approx(2.0)


def test_an_image_is_right_or_wrong(metrics: Metrics) -> None:
    labels = torch.tensor([0, 1, 2, 3])
    metrics.add(torch.tensor(1.0), scores(torch.tensor([0, 1, 2, 0])), labels)
    assert metrics.accuracy() == pytest.approx(0.75)


def test_text_is_right_or_wrong_at_each_position_but_counted_by_samples(metrics: Metrics) -> None:
    labels = torch.tensor([[0, 1, 2], [3, 0, 1]])
    said = torch.tensor([[0, 1, 0], [3, 0, 0]])
    metrics.add(torch.tensor(1.0), scores(said), labels)
    assert metrics.samples == 2
    assert metrics.accuracy() == pytest.approx(4 / 6)
