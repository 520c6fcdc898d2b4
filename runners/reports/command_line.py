"""The command line that repeats a comparison. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from runners.spec import Order, Request


def command_line(request: Request, command: str = "compare") -> str:
    """What to type to run the same again; what was left to its default is left out.

    Args:
        request: What was asked for.
        command: Which of racetop's commands takes it.
    """
    words = ["racetop", command, ",".join(request.workloads)]
    words += ["--devices", ",".join(request.devices)]
    for flag, values in (
        ("--variant", request.variants),
        ("--batch-size", request.batch_sizes),
        ("--precision", request.precisions if request.precisions != _PLAIN.precisions else ()),
        ("--workers", request.workers),
        ("--threads", request.threads),
        ("--epochs", request.epochs),
    ):
        words += _list(flag, values)
    for flag, value in (
        ("--baseline", request.baseline),
        ("--train-samples", request.train_samples),
        ("--test-samples", request.test_samples),
        ("--trials", request.trials),
        ("--order", request.order if request.order is not Order.IN_TURN else None),
        ("--seed", request.seed or None),
        ("--data", request.data if request.data != _PLAIN.data else None),
        ("--weights", request.weights),
        ("--start-method", request.start_method),
        ("--time-budget", _seconds(request.time_budget_s)),
        ("--within", _number(request.within_pct)),
    ):
        words += [] if value is None else [flag, str(value)]
    if request.compiles != _PLAIN.compiles:
        words += ["--compile" if compiled else "--no-compile" for compiled in request.compiles]
    words += ["--layers"] if request.layers else []
    words += ["--persistent-workers"] if request.persistent_workers else []
    words += _switch("pin-memory", request.pin_memory)
    words += _switch("channels-last", request.channels_last) + _switch("fused", request.fused)
    return shlex.join(words)


_PLAIN = Request(workloads=())


def _list(flag: str, values: Iterable[object]) -> list[str]:
    text = ",".join(map(str, values))
    return [flag, text] if text else []


def _switch(name: str, value: bool | None) -> list[str]:
    return [] if value is None else [f"--{name}" if value else f"--no-{name}"]


def _seconds(value_s: float | None) -> str | None:
    return None if value_s is None else f"{value_s:g}s"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"
