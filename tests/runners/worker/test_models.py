from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from runners.worker.models import RECIPES
from runners.workloads import Workload
from runners.workloads.catalogue import CATALOGUE

pytestmark = pytest.mark.torch

WORKLOADS = pytest.mark.parametrize("workload", [CATALOGUE[n] for n in RECIPES], ids=RECIPES.keys())


def test_each_workload_of_the_catalogue_has_a_recipe_and_no_other_has() -> None:
    assert RECIPES.keys() <= CATALOGUE.keys()


@WORKLOADS
def test_parameter_counts_are_those_of_the_catalogue(workload: Workload) -> None:
    parameters = list(RECIPES[workload.name].model().parameters())
    assert sum(p.numel() for p in parameters) == workload.parameters
    assert sum(p.numel() for p in parameters if p.requires_grad) == workload.trainable_parameters


@WORKLOADS
def test_counted_flops_are_those_of_the_catalogue(workload: Workload) -> None:
    recipe = RECIPES[workload.name]
    model = recipe.model()
    sample = torch.zeros(1, *workload.input_shape)
    with FlopCounterMode(display=False) as counter:
        prediction = model(sample)
        assert counter.get_total_flops() == workload.flops_forward
        recipe.loss(prediction, torch.zeros(1, dtype=torch.int64)).backward()
    assert counter.get_total_flops() == workload.flops_step
    assert prediction.shape == (1, workload.classes)


@WORKLOADS
def test_the_optimizer_is_the_one_the_catalogue_names(workload: Workload) -> None:
    recipe = RECIPES[workload.name]
    optimizer = recipe.optimizer(recipe.model(), batch_size=workload.batch_size)
    rate = optimizer.param_groups[0]["lr"]
    assert f"{type(optimizer).__name__} lr {rate}" == workload.optimizer
