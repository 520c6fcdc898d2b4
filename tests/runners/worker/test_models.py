"""What all models have in common: the catalogue's figures, shapes, and that they learn."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import resnet18, resnet50

from runners.worker.models import RECIPES, InputKind
from runners.worker.network import build
from runners.workloads import JobSettings, Kind, Variant, Workload
from runners.workloads.catalogue import CATALOGUE

pytestmark = pytest.mark.torch

META = torch.device("meta")
BATCH = 2
WORKLOADS = pytest.mark.parametrize("workload", [CATALOGUE[n] for n in RECIPES], ids=RECIPES.keys())


def on_meta(workload: Workload) -> nn.Module:
    """The model without its numbers: what is counted does not depend on them."""
    with META:
        return RECIPES[workload.name].model()


def zeros(workload: Workload) -> tuple[Tensor, Tensor]:
    """Samples and targets of a batch, without numbers."""
    if RECIPES[workload.name].input_kind is InputKind.TOKENS:
        tokens = torch.zeros(BATCH, *workload.input_shape, dtype=torch.int64, device=META)
        return tokens, tokens
    images = torch.zeros(BATCH, *workload.input_shape, device=META)
    return images, torch.zeros(BATCH, dtype=torch.int64, device=META)


def test_each_workload_that_trains_has_a_recipe_and_no_other_has() -> None:
    assert RECIPES.keys() == {n for n, w in CATALOGUE.items() if w.kind is not Kind.MICRO}


@WORKLOADS
def test_parameter_counts_are_those_of_the_catalogue(workload: Workload) -> None:
    parameters = list(on_meta(workload).parameters())
    assert sum(p.numel() for p in parameters) == workload.parameters
    assert sum(p.numel() for p in parameters if p.requires_grad) == workload.trainable_parameters


@WORKLOADS
def test_counted_flops_are_those_of_the_catalogue(workload: Workload) -> None:
    """Without numbers attention is counted as its products, whatever kernel a device has."""
    model, (samples, targets) = on_meta(workload), zeros(workload)
    with FlopCounterMode(display=False) as counter:
        prediction = model(samples)
        assert counter.get_total_flops() == BATCH * workload.flops_forward
        RECIPES[workload.name].loss(prediction, targets).backward()
    assert counter.get_total_flops() == BATCH * workload.flops_step


@WORKLOADS
def test_a_prediction_has_its_classes_in_dimension_1(workload: Workload) -> None:
    samples, targets = zeros(workload)
    prediction = on_meta(workload)(samples)
    assert prediction.shape == (BATCH, workload.classes, *targets.shape[1:])


def test_the_larger_form_of_resnet50_has_its_known_figures() -> None:
    with META:
        model = resnet50()
        with FlopCounterMode(display=False) as counter:
            model(torch.zeros(1, 3, 224, 224))
    assert sum(p.numel() for p in model.parameters()) == 25_557_032
    assert counter.get_total_flops() == 8_178_368_512


def test_batched_inference_has_the_figures_of_the_catalogue() -> None:
    workload = CATALOGUE["inference"]
    with META:
        model = resnet18(num_classes=workload.classes)
        with FlopCounterMode(display=False) as counter:
            model(torch.zeros(1, *workload.input_shape))
    assert sum(p.numel() for p in model.parameters()) == workload.parameters
    assert counter.get_total_flops() == workload.flops_forward == workload.flops_step


def named(optimizer: torch.optim.Optimizer) -> str:
    """The optimizer in the catalogue's words."""
    group = optimizer.param_groups[0]
    words = [f"{type(optimizer).__name__} lr {group['lr']}"]
    if group.get("momentum"):
        words.append(f"momentum {group['momentum']}")
    if group["weight_decay"] and not isinstance(optimizer, torch.optim.AdamW):
        words.append(f"weight decay {group['weight_decay']}")
    return ", ".join(words)


@pytest.mark.parametrize("name", [n for n, r in RECIPES.items() if r.schedule is None])
def test_the_optimizer_is_the_one_the_catalogue_names(name: str) -> None:
    workload = CATALOGUE[name]
    optimizer = RECIPES[name].optimizer(on_meta(workload), batch_size=workload.batch_size)
    assert named(optimizer) == workload.optimizer


@WORKLOADS
def test_the_pixel_scale_has_a_figure_for_each_channel(workload: Workload) -> None:
    recipe = RECIPES[workload.name]
    channels = workload.input_shape[0] if recipe.input_kind is InputKind.IMAGES else 0
    assert len(recipe.mean) == len(recipe.std) == channels


def learnable(workload: Workload) -> tuple[Tensor, Tensor]:
    """A small batch whose targets can be told from its samples."""
    random = torch.Generator().manual_seed(0)
    if RECIPES[workload.name].input_kind is InputKind.TOKENS:
        tokens = torch.randint(4, (2, 17), generator=random)
        return tokens[:, :-1], tokens[:, :-1] + 10
    labels = torch.arange(8) % 2
    images = torch.randn(8, *workload.input_shape, generator=random)
    if workload.name == "resnet63":
        images = images[:, :, :8, :8]
    return images + 2.0 * labels.view(-1, 1, 1, 1), labels


@WORKLOADS
def test_a_few_steps_lower_the_loss_on_what_can_be_learned(workload: Workload) -> None:
    settings = JobSettings(
        workload=workload.name,
        device="cpu",
        variant=Variant.TUNED,
        batch_size=workload.batch_size,
        epochs=1,
    )
    samples, targets = learnable(workload)
    network = build(RECIPES[workload.name], settings, torch.device("cpu"), steps=100)
    losses = []
    for _ in range(5):
        loss = network.loss(network.model(samples), targets)
        loss.backward()
        network.optimizer.step()
        network.optimizer.zero_grad()
        if network.schedule is not None:
            network.schedule.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
