"""The options of a comparison on the command line, and the request they make. Pure."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from runners.devices import parse_device
from runners.planning import default_request
from runners.spec import Order, Request, UsageError, named_workloads
from runners.workloads import Precision, Variant

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
_AXES = (
    *("devices", "variant", "batch_size", "precision", "workers", "threads", "compile", "epochs"),
)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


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
    add("--epochs", type=_list_of(_positive), metavar="LIST", help="passes, or timed calls")
    add("--train-samples", type=_positive, metavar="N", help="use the first N training samples")
    add("--test-samples", type=_positive, metavar="N", help="use the first N test samples")
    add(
        "--compile",
        action="append_const",
        const=True,
        help="run the model through torch.compile; with --no-compile as well: both ways",
    )
    add("--no-compile", action="append_const", const=False, dest="compile", help="do not")
    add(
        "--trials",
        type=_positive,
        metavar="N",
        help="repeat each job in a fresh process, at most so often",
    )
    add("--order", type=_one_of(Order), metavar="ORDER", help="together (side by side) or in-turn")
    add("--threads", type=_list_of(_positive), metavar="LIST", help="threads of one operator")
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
        help="auto, generated, download, or a directory with the set",
    )
    add("--layers", action="store_true", help="measure each layer's time too, cold and warm")
    add("--weights", metavar="FILE", help="weights of torchvision's model to start from")
    add(
        "--time-budget",
        type=_seconds,
        metavar="TIME",
        help="start nothing more after so long: 90s, 10m, 1h",
    )
    add(
        "--within",
        type=_percent,
        metavar="PCT",
        help="repeat a job no more once its figure is known to PCT percent to either side",
    )


def for_workload(options: argparse.Namespace, workload: str) -> argparse.Namespace:
    """The same options for another workload, without the axes asked for with the first."""
    if workload == options.workload:
        return options
    without_axes = {
        name: None if len(getattr(options, name) or ()) > 1 else getattr(options, name)
        for name in _AXES
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
    named_workloads(options.workload)
    request = default_request(options.workload, accelerator)
    if options.devices or options.variant or _has_axis(options):
        devices = options.devices or (("cpu", accelerator) if accelerator else ("cpu",))
        request = replace(request, devices=devices, variants=options.variant or ())
    request = replace(
        request,
        batch_sizes=options.batch_size or (),
        precisions=options.precision or (Precision.FP32,),
        workers=options.workers or (),
        epochs=options.epochs or (),
        train_samples=options.train_samples,
        test_samples=options.test_samples,
        compiles=tuple(dict.fromkeys(options.compile or (False,))),
        threads=options.threads or (),
        trials=options.trials,
        seed=options.seed,
        data=options.data,
        layers=options.layers,
        weights=options.weights,
        time_budget_s=options.time_budget,
        within_pct=options.within,
    )
    return replace(request, order=options.order or order or _usual_order(request))


def _has_axis(options: argparse.Namespace) -> bool:
    return any(len(getattr(options, name) or ()) > 1 for name in _AXES)


def _usual_order(request: Request) -> Order:
    axes = (
        *(request.workloads, request.devices, request.variants, request.batch_sizes),
        *(request.precisions, request.workers, request.threads, request.compiles, request.epochs),
    )
    jobs = math.prod(max(1, len(axis)) for axis in axes)
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


def _seconds(text: str) -> float:
    number, unit = (text[:-1], text[-1]) if text[-1:] in _SECONDS else (text, "s")
    try:
        value_s = float(number) * _SECONDS[unit]
    except ValueError:
        value_s = math.nan
    if not 0 < value_s < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is no time such as 90s, 10m or 1h")
    return value_s


def _percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 100:
        raise argparse.ArgumentTypeError(f"'{text}' is no percentage between 0 and 100")
    return value


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
