"""The speed record's network: how it starts, what its schedule does, how images change."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from runners.worker.models.airbench import Airbench, whiten
from runners.worker.models.airbench_training import Plan, augment, optimizer, rate_factor

pytestmark = pytest.mark.torch

STEPS = 100


def colored_images(count: int) -> Tensor:
    """Noise whose neighbors and channels depend on each other, as in photographs."""
    random = Generator().manual_seed(0)
    coarse = torch.randn(count, 3, 8, 8, generator=random)
    mixed = coarse + 0.7 * coarse.flip(1) + 0.3
    fine = torch.randn(count, 3, 32, 32, generator=random)
    return functional.interpolate(mixed, size=(32, 32), mode="bilinear") + 0.2 * fine


def test_the_first_layer_whitens_the_images_it_starts_from() -> None:
    model, images = Airbench(), colored_images(600)
    whiten(model, images)
    with torch.no_grad():
        channels = model.whitening(images).transpose(0, 1).flatten(1)
    strengths = channels[:12] @ channels[:12].T / channels.shape[1]
    raw = functional.unfold(images, 2).transpose(0, 1).flatten(1)
    before = raw @ raw.T / raw.shape[1]
    assert (before - before.diag().diag()).abs().max() > 0.5
    # Not wholly 1, as a floor under the variances keeps noise from being blown up.
    assert torch.allclose(strengths, torch.eye(12), atol=0.03)
    assert torch.equal(channels[12:], -channels[:12])


def test_whitening_leaves_all_else_as_it_was() -> None:
    model = Airbench()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    whiten(model, colored_images(10))
    changed = [n for n, value in model.state_dict().items() if not torch.equal(value, before[n])]
    assert changed == ["whitening.weight"]


def test_what_is_frozen_is_the_first_filters_and_all_scales() -> None:
    frozen = [name for name, p in Airbench().named_parameters() if not p.requires_grad]
    assert frozen[0] == "whitening.weight"
    assert len(frozen) == 7
    assert all(name.startswith("rest.") and name.endswith(".weight") for name in frozen[1:])


def test_convolutions_start_by_handing_on_what_comes_in() -> None:
    convolutions = [m for m in Airbench().rest if isinstance(m, nn.Conv2d)]
    images = torch.randn(1, convolutions[0].in_channels, 6, 6)
    with torch.no_grad():
        passed = convolutions[0](images)
    assert torch.allclose(passed[:, : images.shape[1]], images, atol=1e-5)


def test_the_rates_are_the_records_at_its_batch_size() -> None:
    """Its code works with the sum of a batch's losses, ours with their mean."""
    others, norms = optimizer(Airbench(), batch_size=1024).param_groups
    steps_longer = 1 + 1 / (1 - 0.85)
    assert others["lr"] == pytest.approx(11.5 / steps_longer)
    assert others["lr"] * others["weight_decay"] == pytest.approx(0.0153 / steps_longer)
    assert norms["lr"] == pytest.approx(64 * others["lr"])
    assert norms["lr"] * norms["weight_decay"] == pytest.approx(0.0153 / steps_longer)
    assert len(norms["params"]) == 6
    assert len(others["params"]) == 8
    assert others["nesterov"]


def test_half_the_batch_takes_half_the_step() -> None:
    whole, half = (optimizer(Airbench(), batch_size=size) for size in (1000, 500))
    assert half.param_groups[0]["lr"] == pytest.approx(whole.param_groups[0]["lr"] / 2)


def test_the_rate_rises_to_its_peak_and_falls_to_the_end() -> None:
    factors = [rate_factor(step, STEPS) for step in range(STEPS + 1)]
    assert factors[0] == 0.2
    assert factors[23] == max(factors) == 1.0
    assert factors[-1] == pytest.approx(0.07)
    assert factors[:24] == sorted(factors[:24])
    assert factors[23:] == sorted(factors[23:], reverse=True)


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_a_run_of_a_few_steps_has_rates_too(steps: int) -> None:
    assert all(0 < rate_factor(step, steps) <= 1 for step in range(steps + 1))


def planned(steps: int) -> tuple[Airbench, torch.optim.Optimizer, Plan]:
    model = Airbench()
    made = optimizer(model, batch_size=1024)
    return model, made, Plan(model, made, steps)


def test_the_plan_sets_the_rates_of_both_groups() -> None:
    model, made, plan = planned(STEPS)
    peaks = [group["lr"] for group in optimizer(model, batch_size=1024).param_groups]
    for step in range(STEPS):
        rates = [group["lr"] for group in made.param_groups]
        assert rates == pytest.approx([peak * rate_factor(step, STEPS) for peak in peaks])
        plan.step()


def test_the_first_bias_is_frozen_after_three_tenths_of_the_steps() -> None:
    model, _, plan = planned(STEPS)
    trained = []
    for _ in range(STEPS):
        trained.append(model.whitening_bias.requires_grad)
        plan.step()
    assert trained == [True] * 30 + [False] * 70


def last_bias_after(steps: int, of: int) -> float:
    """A weight that starts at 0 and that training would have moved to 1 in the last step."""
    model, _, plan = planned(of)
    norm = next(m for m in model.rest if isinstance(m, nn.BatchNorm2d))
    for step in range(1, steps + 1):
        if step == steps:
            with torch.no_grad():
                norm.bias.fill_(1.0)
        plan.step()
    return norm.bias[0].item()


def test_the_average_follows_the_weights_by_less_as_the_run_ends() -> None:
    hold = 0.95**5
    assert last_bias_after(4, of=STEPS) == 1.0
    assert last_bias_after(5, of=STEPS) == pytest.approx(1 - hold * 0.05**3)
    assert last_bias_after(50, of=STEPS) == pytest.approx(1 - hold * 0.5**3)
    assert last_bias_after(100, of=STEPS) == pytest.approx(1 - hold)
    assert last_bias_after(3, of=3) == pytest.approx(1 - hold)


def test_running_statistics_are_averaged_along_with_the_weights() -> None:
    model, _, plan = planned(5)
    model.train()(colored_images(4))
    name = "rest.3.running_var"
    moved = model.state_dict()[name].clone()
    for _ in range(5):
        plan.step()
    expected = torch.ones_like(moved).lerp(moved, 1 - 0.95**5)
    assert torch.allclose(model.state_dict()[name], expected)


def test_a_changed_image_is_a_moved_and_maybe_mirrored_piece_of_itself_mirrored_at_the_rim() -> (
    None
):
    images = torch.randn(40, 3, 8, 8)
    changed = augment(images, Generator().manual_seed(0))
    assert changed.shape == images.shape
    seen = set()
    for image, result in zip(images, changed, strict=True):
        fits = [
            (is_mirrored, row, column)
            for is_mirrored in (False, True)
            for row in range(5)
            for column in range(5)
            if torch.equal(result, piece_of(image, row, column, is_mirrored=is_mirrored))
        ]
        assert len(fits) == 1
        seen.add(fits[0])
    assert {fit[0] for fit in seen} == {False, True}
    assert {fit[1] for fit in seen} == {fit[2] for fit in seen} == set(range(5))


def piece_of(image: Tensor, row: int, column: int, *, is_mirrored: bool) -> Tensor:
    turned = image.flip(2) if is_mirrored else image
    padded = functional.pad(turned.unsqueeze(0), (2, 2, 2, 2), mode="reflect")[0]
    return padded[:, row : row + 8, column : column + 8]


def test_the_generator_decides_how_images_change() -> None:
    images = torch.randn(20, 3, 8, 8)
    one, two = (augment(images, Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, two)
    assert not torch.equal(one, augment(images, Generator().manual_seed(4)))
