from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from runners.worker.data import sets
from runners.worker.inputs import Inputs, make_inputs
from runners.worker.models import RECIPES
from runners.worker.network import build, compile_ahead
from runners.workloads import JobSettings, Variant
from runners.workloads.catalogue import CATALOGUE
from tests.fakes.image_sets import make_set

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")
TRAIN, TEST, BATCH = 65, 20, 16


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_set(tmp_path_factory.mktemp("data"), "FashionMNIST", train=TRAIN, test=TEST)


def settings_of(root: Path, variant: Variant, *, seed: int = 0, workers: int = 0) -> JobSettings:
    return JobSettings(
        workload="fashion-cnn",
        device="cpu",
        variant=variant,
        batch_size=BATCH,
        epochs=1,
        seed=seed,
        workers=workers,
        data=str(root),
    )


def inputs_of(root: Path, variant: Variant, *, seed: int = 0, workers: int = 0) -> Inputs:
    settings = settings_of(root, variant, seed=seed, workers=workers)
    recipe = RECIPES["fashion-cnn"]
    data = sets.load(CATALOGUE["fashion-cnn"], recipe, settings)
    return make_inputs(data, recipe, settings, CPU)


def samples_of(inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = zip(*inputs.train, strict=True)
    return torch.cat(images), torch.cat(labels)


def as_set(images: torch.Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


@pytest.mark.parametrize("variant", list(Variant))
def test_a_pass_has_every_sample_once_in_batches_with_the_rest_last(
    root: Path, variant: Variant
) -> None:
    inputs = inputs_of(root, variant)
    sizes = [len(labels) for _, labels in inputs.train]
    assert sizes == [16, 16, 16, 16, 1]
    assert len(inputs.train) == len(sizes)
    images, labels = samples_of(inputs)
    assert len(as_set(images)) == len(labels) == inputs.train_samples == TRAIN
    assert sum(len(labels) for _, labels in inputs.test) == inputs.test_samples == TEST
    assert inputs.sample.shape == (1, 1, 28, 28)


@pytest.mark.parametrize("variant", list(Variant))
def test_nothing_is_compiled_in_an_epoch_that_was_compiled_ahead(
    root: Path, variant: Variant
) -> None:
    compiled: list[torch.fx.GraphModule] = []

    def compiler(graph: torch.fx.GraphModule, _inputs: list[torch.Tensor]) -> Any:
        compiled.append(graph)
        return graph.forward

    settings, inputs = settings_of(root, variant), inputs_of(root, variant)
    network = build(RECIPES["fashion-cnn"], settings, CPU)
    torch.compiler.reset()
    model = torch.compile(network.module, backend=compiler)
    compile_ahead(replace(network, model=model), inputs.sample, [BATCH, 1])
    ahead = len(compiled)
    for samples, _ in inputs.train:
        model(samples)
    assert ahead > 0
    assert len(compiled) == ahead


@pytest.mark.parametrize("variant", [Variant.TUNED, Variant.IDEAL])
def test_all_variants_train_on_the_very_same_numbers(root: Path, variant: Variant) -> None:
    as_written, other = inputs_of(root, Variant.AS_WRITTEN), inputs_of(root, variant)
    assert as_set(samples_of(other)[0]) == as_set(samples_of(as_written)[0])
    for one, two in zip(
        torch.cat([images for images, _ in other.test]),
        torch.cat([images for images, _ in as_written.test]),
        strict=True,
    ):
        assert torch.equal(one, two)


@pytest.mark.parametrize("variant", [Variant.AS_WRITTEN, Variant.TUNED])
def test_the_order_changes_from_pass_to_pass_and_is_repeated_by_the_seed(
    root: Path, variant: Variant
) -> None:
    one, two = inputs_of(root, variant), inputs_of(root, variant)
    first, second = samples_of(one)[0], samples_of(one)[0]
    assert not torch.equal(first, second)
    assert torch.equal(samples_of(two)[0], first)
    assert torch.equal(samples_of(two)[0], second)
    assert not torch.equal(samples_of(inputs_of(root, variant, seed=1))[0], first)


def test_images_and_labels_stay_together_however_they_are_shuffled(root: Path) -> None:
    labels_of = {
        image.numpy().tobytes(): int(label)
        for image, label in zip(*samples_of(inputs_of(root, Variant.AS_WRITTEN)), strict=True)
    }
    images, labels = samples_of(inputs_of(root, Variant.TUNED))
    assert [labels_of[image.numpy().tobytes()] for image in images] == labels.tolist()


def test_ideal_batches_are_the_same_ones_each_time(root: Path) -> None:
    inputs = inputs_of(root, Variant.IDEAL)
    assert all(a is b for a, b in zip(inputs.train, inputs.train, strict=True))
