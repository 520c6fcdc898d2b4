from __future__ import annotations

import pytest
import torch

from runners.worker.data.images_made import CLASSES, generate

pytestmark = pytest.mark.torch


def test_the_same_seed_gives_the_same_samples_however_many_are_asked_for() -> None:
    images, labels = generate("MNIST", 3, 700)
    again, again_labels = generate("MNIST", 3, 6000)
    assert torch.equal(images, again[:700])
    assert torch.equal(labels, again_labels[:700])


def test_another_seed_or_another_set_gives_other_samples() -> None:
    images, _ = generate("MNIST", 3, 100)
    assert not torch.equal(images, generate("MNIST", 4, 100)[0])
    assert not torch.equal(images, generate("FashionMNIST", 3, 100)[0])


@pytest.mark.parametrize(("name", "form"), [("MNIST", (28, 28)), ("CIFAR10", (32, 32, 3))])
def test_samples_have_the_form_of_the_set_with_all_classes_about_equally_often(
    name: str, form: tuple[int, ...]
) -> None:
    images, labels = generate(name, 0, 5000)
    assert (images.shape, images.dtype) == ((5000, *form), torch.uint8)
    counts = labels.bincount(minlength=CLASSES)
    assert len(counts) == CLASSES
    assert counts.min() > 400


@pytest.mark.parametrize(("name", "seed"), [("MNIST", 0), ("MNIST", 1), ("CIFAR10", 0)])
def test_what_is_learned_from_some_samples_holds_for_others_but_not_for_all(
    name: str, seed: int
) -> None:
    images, labels = generate(name, seed, 10_000)
    pixels = images.flatten(1).float() / 255
    torch.manual_seed(0)
    model = torch.nn.Linear(pixels.shape[1], CLASSES)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    for batch in torch.arange(8000).repeat(2).split(100):
        loss = torch.nn.functional.cross_entropy(model(pixels[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    right = (model(pixels[8000:]).argmax(1) == labels[8000:]).float().mean().item()
    assert 0.6 < right < 0.99
