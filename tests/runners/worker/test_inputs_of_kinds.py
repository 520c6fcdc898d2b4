"""Inputs of color images, text and single batches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator, Tensor

from runners.worker import inputs as inputs_module
from runners.worker.data import text_made
from runners.worker.errors import WorkerError
from runners.worker.inputs import Inputs, make_inputs
from runners.worker.models import RECIPES
from runners.worker.models.recipe import Recipe
from runners.workloads import Variant
from tests.fakes.image_sets import make_image_folder
from tests.fakes.jobs import load, settings_of

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")
VARIANTS = pytest.mark.parametrize("variant", list(Variant))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_image_folder(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("text")
    (folder / "a.txt").write_bytes(text_made.generate(0, 10_000))
    return folder


def inputs_of(
    workload: str,
    data: Path,
    variant: Variant,
    recipe: Recipe | None = None,
    **others: Any,
) -> Inputs:
    settings = settings_of(workload, data=data, variant=variant, **others)
    loaded = load(workload, data=data, variant=variant, **others)
    return make_inputs(loaded, recipe or RECIPES[workload], settings, CPU)


def all_of(inputs: Inputs) -> tuple[Tensor, Tensor]:
    samples, targets = zip(*inputs.test, strict=True)
    return torch.cat(samples), torch.cat(targets)


@pytest.mark.parametrize("variant", [Variant.TUNED, Variant.IDEAL])
@pytest.mark.parametrize("most_scaled_bytes", [0, 1 << 30])
def test_samples_scaled_by_batch_are_those_scaled_ahead_and_those_scaled_one_by_one(
    images: Path, monkeypatch: pytest.MonkeyPatch, variant: Variant, most_scaled_bytes: int
) -> None:
    monkeypatch.setattr(inputs_module, "_MOST_SCALED_BYTES", most_scaled_bytes)
    as_written = inputs_of("resnet50", images, Variant.AS_WRITTEN)
    other = inputs_of("resnet50", images, variant)
    for one, two in zip(all_of(as_written), all_of(other), strict=True):
        torch.testing.assert_close(one, two)
    assert torch.equal(as_written.sample, other.sample)


@pytest.mark.parametrize(
    ("variant", "asked", "has_channels_last"),
    [
        (Variant.TUNED, None, True),
        (Variant.TUNED, False, False),
        (Variant.IDEAL, None, False),
        (Variant.IDEAL, True, True),
    ],
)
def test_batches_lie_in_the_memory_format_of_variant_or_settings(
    images: Path, *, variant: Variant, asked: bool | None, has_channels_last: bool
) -> None:
    for batches in (
        (inputs := inputs_of("resnet50", images, variant, channels_last=asked)).train,
        inputs.test,
    ):
        for samples, _ in batches:
            assert samples.is_contiguous(memory_format=torch.channels_last) is has_channels_last
            assert samples.is_contiguous() is not has_channels_last


def test_only_training_batches_of_the_tuned_variant_are_augmented(images: Path) -> None:
    def brighter(samples: Tensor, random: Generator) -> Tensor:
        return samples + 100 + torch.rand(len(samples), 1, 1, 1, generator=random)

    recipe = replace(RECIPES["resnet50"], augment=brighter)
    tuned, again = (inputs_of("resnet50", images, Variant.TUNED, recipe) for _ in range(2))
    passes = [torch.cat([samples for samples, _ in batches]) for batches in [tuned.train] * 2]
    assert passes[0].min() > 50
    assert passes[0].mean() != passes[1].mean()
    assert torch.equal(torch.cat([samples for samples, _ in again.train]), passes[0])
    assert all_of(tuned)[0].max() < 50
    ideal = inputs_of("resnet50", images, Variant.IDEAL, recipe)
    assert max(samples.max() for samples, _ in ideal.train) < 50


@VARIANTS
def test_text_comes_as_tokens_with_those_that_follow(text: Path, variant: Variant) -> None:
    inputs = inputs_of("transformer-50m", text, variant, batch_size=4)
    assert (inputs.train_samples, inputs.test_samples) == (36, 3)
    seen = 0
    for samples, targets in [*inputs.train, *inputs.test]:
        assert samples.dtype == targets.dtype == torch.int64
        assert samples.shape == targets.shape
        assert torch.equal(samples[:, 1:], targets[:, :-1])
        seen += len(samples)
    assert seen == 39
    assert inputs.sample.shape == (1, 256)
    expected = all_of(inputs_of("transformer-50m", text, Variant.AS_WRITTEN))
    for one, two in zip(all_of(inputs), expected, strict=True):
        assert torch.equal(one, two)


@VARIANTS
def test_one_batch_is_always_the_first_images_in_order(images: Path, variant: Variant) -> None:
    inputs = inputs_of("resnet63", images, variant, batch_size=12)
    first, second = next(iter(inputs.train)), next(iter(inputs.train))
    assert len(inputs.train) == 1
    assert first[0] is second[0]
    assert first[1].tolist() == [*range(10), 0, 1]
    assert (inputs.train_samples, inputs.test_samples, list(inputs.test)) == (12, 0, [])
    is_tuned = variant is Variant.TUNED
    assert first[0].is_contiguous(memory_format=torch.channels_last) is is_tuned
    data = load("resnet63", data=images, variant=variant, batch_size=12)
    assert torch.equal(first[0], torch.stack([data.train[i][0] for i in range(12)]))
    assert torch.equal(inputs.sample, first[0][:1])


@VARIANTS
def test_one_batch_reads_no_other_image(tmp_path: Path, variant: Variant) -> None:
    root = make_image_folder(tmp_path)
    for path in (*root.glob("train/*/000[12].png"), *root.glob("test/*/*.png")):
        path.write_bytes(b"broken")
    inputs = inputs_of("resnet63", root, variant, batch_size=10)
    assert len(next(iter(inputs.train))[0]) == 10


def test_a_batch_larger_than_the_set_is_an_error(images: Path) -> None:
    with pytest.raises(WorkerError, match="--batch-size 31 is more than the set has: 30"):
        load("resnet63", data=images, batch_size=31)
