"""The options of a comparison on the command line, and the request they make. Pure."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from runners.devices import parse_device
from runners.planning import default_request
from runners.spec import Order, Request, UsageError, find_workload
from runners.workloads import Precision, Variant

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


def add_comparison_options(parser: argparse.ArgumentParser) -> None:
    """Add every option of a comparison; a comma-separated list makes an axis of it."""
    add = parser.add_argument_group(
        "comparison (a,b,c makes an axis: one job for each)"
    ).add_argument
    add("--devices", type=_list_of(_device), metavar="LIST", help="cpu, cuda:0, mps")
    add(
        "--variant",
        type=_list_of(_one_of(Variant)),
        metavar="LIST",
        help="as-written, tuned, ideal",
    )
    add("--batch-size", type=_list_of(_positive), metavar="LIST", help="samples a step")
    add("--precision", type=_list_of(_one_of(Precision)), metavar="LIST", help="fp32, bf16")
    add("--workers", type=_list_of(_natural), metavar="LIST", help="loader processes (as-written)")
    add("--epochs", type=_positive, metavar="N", help="passes over the training set")
    add("--train-samples", type=_positive, metavar="N", help="use the first N training samples")
    add("--test-samples", type=_positive, metavar="N", help="use the first N test samples")
    add("--compile", action="store_true", help="run the model through torch.compile")
    add(
        "--trials",
        type=_positive,
        default=1,
        metavar="N",
        help="repeat each job in a fresh process",
    )
    add("--order", type=_one_of(Order), metavar="ORDER", help="together (side by side) or in-turn")
    add("--threads", type=_positive, metavar="N", help="threads of one operator")
    add(
        "--seed",
        type=_natural,
        default=0,
        metavar="N",
        help="seed of model, order and generated data",
    )
    add(
        "--data",
        default="auto",
        metavar="WHERE",
        help="auto, generated, download, or a directory in torchvision's layout",
    )


def for_workload(options: argparse.Namespace, workload: str) -> argparse.Namespace:
    """The same options for another workload, without the axes asked for with the first."""
    if workload == options.workload:
        return options
    without_axes = {
        name: None if len(getattr(options, name) or ()) > 1 else getattr(options, name)
        for name in ("devices", "variant", "batch_size", "precision", "workers")
    }
    return argparse.Namespace(**{**vars(options), **without_axes, "workload": workload})


def request_from(
    options: argparse.Namespace, *, accelerator: str | None, order: Order | None = None
) -> Request:
    """The request that parsed options make.

    Args:
        options: What `add_comparison_options` parsed, and `workload`.
        accelerator: The device to race against the CPU where none is named.
        order: Used where none is named; None means together up to two jobs, else in turn.

    Raises:
        UsageError: The workload is unknown.
    """
    find_workload(options.workload)
    request = default_request(options.workload, accelerator)
    if options.devices or options.variant or _has_axis(options):
        devices = options.devices or (("cpu", accelerator) if accelerator else ("cpu",))
        request = replace(
            request, devices=devices, variants=options.variant or (Variant.AS_WRITTEN,)
        )
    request = replace(
        request,
        batch_sizes=options.batch_size or (),
        precisions=options.precision or (Precision.FP32,),
        workers=options.workers or (),
        epochs=options.epochs,
        train_samples=options.train_samples,
        test_samples=options.test_samples,
        compile=options.compile,
        threads=options.threads,
        trials=options.trials,
        seed=options.seed,
        data=options.data,
    )
    return replace(request, order=options.order or order or _usual_order(request))


def _has_axis(options: argparse.Namespace) -> bool:
    axes = (options.batch_size, options.precision, options.workers)
    return any(axis is not None and len(axis) > 1 for axis in axes)


def _usual_order(request: Request) -> Order:
    jobs = len(request.devices) * len(request.variants) * len(request.precisions)
    jobs *= max(1, len(request.batch_sizes)) * max(1, len(request.workers))
    return Order.TOGETHER if jobs <= 2 else Order.IN_TURN


def _list_of(parse: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    def parse_list(text: str) -> tuple[T, ...]:
        parts = [part.strip() for part in text.split(",")]
        if not all(parts):
            raise argparse.ArgumentTypeError(f"'{text}' has an empty entry")
        return tuple(parse(part) for part in parts)

    return parse_list


def _device(text: str) -> str:
    try:
        return parse_device(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _one_of(kind: type[E]) -> Callable[[str], E]:
    def parse(text: str) -> E:
        try:
            return kind(text)
        except ValueError:
            known = ", ".join(member.value for member in kind)
            raise argparse.ArgumentTypeError(f"'{text}' is none of: {known}") from None

    return parse


def _positive(text: str) -> int:
    return _number(text, least=1)


def _natural(text: str) -> int:
    return _number(text, least=0)


def _number(text: str, *, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from {least} up")
    return number
