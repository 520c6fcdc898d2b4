"""The comparisons that one key starts: those of the sources, for this machine. Pure.

Where a CPU would need hours, fewer samples are trained or a model is left out; the plan's notes
then say so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from runners.planning import default_request
from runners.spec import Order, Request
from runners.workloads import Variant
from runners.workloads.catalogue import LADDERS

_TOO_LARGE_FOR_A_CPU = "transformer-50m"
_LEFT_OUT = (
    f"without an accelerator {_TOO_LARGE_FOR_A_CPU} is left out: "
    "its 50 million parameters take a CPU seconds a sample"
)
_PAIR = (Variant.AS_WRITTEN, Variant.TUNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A comparison ready to start.

    Attributes:
        name: What is compared.
        answers: What it tells, in one line.
        request: What to run, given the best accelerator; given None, what a CPU alone can tell.
    """

    name: str
    answers: str
    request: Callable[[str | None], Request]


def _race(
    workload: str, *, samples_on_cpu: int | None = None, layers: bool = False
) -> Callable[[str | None], Request]:
    """The usual race over a workload; without an accelerator over the first samples only."""

    def request(accelerator: str | None) -> Request:
        samples = None if accelerator else samples_on_cpu
        race = replace(default_request(workload, accelerator), layers=layers)
        return replace(race, train_samples=samples)

    return request


def _calls(accelerator: str | None) -> Request:
    return replace(default_request("resnet63", accelerator), order=Order.IN_TURN)


def _fine_tune_batches(accelerator: str | None) -> Request:
    sweep = Request(workloads=("cifar-resnet18",), batch_sizes=(16, 32, 64, 128, 256), epochs=(2,))
    if accelerator is None:
        return replace(sweep, train_samples=2_000, test_samples=500)
    return replace(
        sweep,
        devices=(accelerator,),
        baseline="cpu",
        trials=3,
        train_samples=10_000,
        test_samples=2_000,
    )


def _model_sizes(accelerator: str | None) -> Request:
    request = default_request("ladder", accelerator)
    request = replace(request, epochs=(3,), train_samples=512, test_samples=256)
    if accelerator is not None:
        return request
    workloads = tuple(name for name in LADDERS["ladder"] if name != _TOO_LARGE_FOR_A_CPU)
    return replace(request, workloads=workloads, variants=_PAIR, notes=(_LEFT_OUT,))


def _fashion_ladder(accelerator: str | None, *, samples_on_cpu: int) -> Request:
    """One at a time, on both devices; on a CPU alone as written and tuned, on fewer samples."""
    request = replace(default_request("fashion-cnn", accelerator), order=Order.IN_TURN)
    return request if accelerator else replace(request, train_samples=samples_on_cpu)


def _batch_sizes(accelerator: str | None) -> Request:
    request = _fashion_ladder(accelerator, samples_on_cpu=20_000)
    return replace(request, batch_sizes=(32, 100, 256, 512), epochs=(3,))


def _epochs(accelerator: str | None) -> Request:
    request = _fashion_ladder(accelerator, samples_on_cpu=6_000)
    return replace(request, epochs=(1, 5, 10, 20))


PRESETS = (
    Preset(
        name="mlp",
        answers="Total time and accuracy of an MNIST network of one hidden layer",
        request=_race("mlp"),
    ),
    Preset(
        name="fashion-cnn",
        answers="Why a small CNN gains so little from an accelerator: where each step goes",
        request=_race("fashion-cnn"),
    ),
    Preset(
        name="mnist-cnn layers",
        answers="Training, evaluation, latency, set-up and the time of each layer of an MNIST CNN",
        request=_race("mnist-cnn", samples_on_cpu=6_000, layers=True),
    ),
    Preset(
        name="resnet18 batches",
        answers="Which batch size fine-tunes a ResNet-18 fastest, in what memory",
        request=_fine_tune_batches,
    ),
    Preset(
        name="resnet63 calls",
        answers="One training call on one batch, wall and process time: 4 calls, 3 processes",
        request=_calls,
    ),
    Preset(
        name="model sizes",
        answers="From what size of model on an accelerator pays",
        request=_model_sizes,
    ),
    Preset(
        name="batch sizes",
        answers="What larger batches bring a small CNN",
        request=_batch_sizes,
    ),
    Preset(
        name="epochs",
        answers="How many epochs it takes until the start-up no longer counts",
        request=_epochs,
    ),
    Preset(
        name="micro tasks",
        answers="Matrix product, resize, augmentation, batched inference: calls without training",
        request=lambda accelerator: default_request("micro", accelerator),
    ),
)
"""By their keys: the first is started by 1."""
