"""The options of a comparison, for the command line and the form alike, and the request they make.

Pure.
"""

from __future__ import annotations

import argparse
import math
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runners.loader_options import START_METHODS, without_idle_options
from runners.planning import default_request
from runners.presets import Preset
from runners.spec import Order, Request, named_workloads
from runners.workloads import Precision, Variant
from runners.workloads.catalogue import CATALOGUE
from tui import option_values as values

EACH_ITS_OWN = "each its own"


def _nothing(_request: Request) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonOption:
    """One option of a comparison.

    Attributes:
        name: As parsed options have it; `batch_size` is `--batch-size` on the command line.
        field: Its name in a request.
        meaning: What it does and what it takes, in words.
        parse: From its text to its value; raises `argparse.ArgumentTypeError`, in words.
        metavar: What stands for its value in a help text.
        is_axis: Whether several values, with commas between, make an axis.
        default: Its value where it is left out and the request needs one.
        flags: For one without a value on the command line: what `yes` and `no` are called there,
            and what they do.
        usual: What a request that leaves it out has, in words.
    """

    name: str
    field: str
    meaning: str
    parse: Callable[[str], Any]
    metavar: str = "N"
    is_axis: bool = False
    default: Any = None
    flags: Mapping[str, tuple[str, str]] | None = None
    usual: Callable[[Request], str] = _nothing

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return f"--{self.name.replace('_', '-')}"

    def arguments(self, text: str) -> list[str]:
        """What is typed on a command line for a text; nothing for none."""
        if not text:
            return []
        if self.flags is None:
            return [f"{self.flag}={text}"] if text.startswith("-") else [self.flag, text]
        words = (word.strip() for word in text.split(","))
        return [self.flags[word][0] for word in words if word in self.flags]


def _axis(
    name: str,
    field: str,
    meaning: str,
    parse: Callable[[str], Any],
    usual: Callable[[Request], str],
    *,
    flags: Mapping[str, tuple[str, str]] | None = None,
) -> ComparisonOption:
    return ComparisonOption(
        name=name,
        field=field,
        meaning=meaning,
        parse=values.list_of(parse),
        metavar="LIST",
        is_axis=True,
        flags=flags,
        usual=usual,
    )


def _switch(name: str, meaning: str, usual: Callable[[Request], str]) -> ComparisonOption:
    flag = name.replace("_", "-")
    return ComparisonOption(
        name=name,
        field=name,
        meaning=f"{meaning}: yes or no",
        parse=values.yes_no,
        flags={"yes": (f"--{flag}", meaning), "no": (f"--no-{flag}", "do not")},
        usual=usual,
    )


def _own(name: str) -> Callable[[Request], str]:
    """What the workloads have of themselves."""

    def usual(request: Request) -> str:
        found = {str(getattr(CATALOGUE[workload], name)) for workload in request.workloads}
        return found.pop() if len(found) == 1 else EACH_ITS_OWN

    return usual


def _usual_variant(request: Request) -> str:
    found = {CATALOGUE[workload].variants[0].value for workload in request.workloads}
    usual = found.pop() if len(found) == 1 else EACH_ITS_OWN
    return ",".join(request.variants) or usual


OPTIONS: Sequence[ComparisonOption] = (
    _axis(
        *("devices", "devices", "where to train: cpu, cuda:0, mps", values.device),
        lambda request: ",".join(request.devices),
    ),
    ComparisonOption(
        name="baseline",
        field="baseline",
        meaning="a device that runs first and once, in the workload's own batch size, "
        "for the others to be compared with",
        parse=values.device,
        metavar="DEVICE",
        usual=lambda _: "the first job",
    ),
    _axis(
        *("variant", "variants", "as-written, tuned, ideal", values.one_of(Variant)),
        _usual_variant,
    ),
    _axis("batch_size", "batch_sizes", "samples a step", values.positive, _own("batch_size")),
    _axis(
        *("precision", "precisions", "fp32, bf16", values.one_of(Precision)),
        lambda _: Precision.FP32.value,
    ),
    _axis("workers", "workers", "loader processes (as-written)", values.natural, _own("workers")),
    _switch("persistent_workers", "keep loader processes between epochs", lambda _: "no"),
    _switch(
        "pin_memory",
        "copy batches from page-locked memory",
        lambda _: "where processes feed CUDA",
    ),
    ComparisonOption(
        name="start_method",
        field="start_method",
        meaning=f"how loader processes start: {', '.join(START_METHODS)}",
        parse=values.start_method,
        metavar="HOW",
        usual=lambda _: "as Python does",
    ),
    _axis("epochs", "epochs", "passes, or timed calls", values.positive, _own("epochs")),
    ComparisonOption(
        name="train_samples",
        field="train_samples",
        meaning="use the first N training samples",
        parse=values.positive,
        usual=lambda _: "all",
    ),
    ComparisonOption(
        name="test_samples",
        field="test_samples",
        meaning="use the first N test samples",
        parse=values.positive,
        usual=lambda _: "all",
    ),
    _axis(
        *("compile", "compiles", "run the model through torch.compile: no, yes or both"),
        values.yes_no,
        lambda _: "no",
        flags={
            "yes": (
                "--compile",
                "run the model through torch.compile; with --no-compile as well: both ways",
            ),
            "no": ("--no-compile", "do not"),
        },
    ),
    ComparisonOption(
        name="trials",
        field="trials",
        meaning="repeat each job in a fresh process, at most so often",
        parse=values.positive,
        usual=lambda request: str(max(CATALOGUE[name].trials for name in request.workloads)),
    ),
    ComparisonOption(
        name="order",
        field="order",
        meaning="together (side by side) or in-turn",
        parse=values.one_of(Order),
        metavar="ORDER",
        usual=lambda request: request.order.value,
    ),
    _axis(
        *("threads", "threads", "threads of one operator", values.positive),
        lambda _: "one for each core",
    ),
    ComparisonOption(
        name="seed",
        field="seed",
        meaning="seed of model, order and generated data",
        parse=values.natural,
        default=0,
        usual=lambda _: "0",
    ),
    ComparisonOption(
        name="data",
        field="data",
        meaning="auto, generated, download, or a directory with the set",
        parse=str,
        metavar="WHERE",
        default="auto",
        usual=lambda _: "auto",
    ),
    ComparisonOption(
        name="layers",
        field="layers",
        meaning="measure each layer's time too, cold and warm: yes or no",
        parse=values.yes_no,
        flags={"yes": ("--layers", "measure each layer's time too, cold and warm")},
        usual=lambda _: "no",
    ),
    ComparisonOption(
        name="weights",
        field="weights",
        meaning="weights of torchvision's model to start from",
        parse=str,
        metavar="FILE",
        usual=lambda _: "drawn from the seed",
    ),
    _switch(
        "channels_last",
        "keep images with their channels last in memory",
        lambda _: "as the variant does",
    ),
    _switch("fused", "step the optimizer in one kernel", lambda _: "as the variant does"),
    ComparisonOption(
        name="time_budget",
        field="time_budget_s",
        meaning="start nothing more after so long: 90s, 10m, 1h",
        parse=values.seconds,
        metavar="TIME",
        usual=lambda _: "no limit",
    ),
    ComparisonOption(
        name="within",
        field="within_pct",
        meaning="repeat a job no more once its figure is known to PCT percent to either side",
        parse=values.percent,
        metavar="PCT",
        usual=lambda _: "all trials",
    ),
)
"""Every option of a comparison, in the order of the form."""


def add_comparison_options(parser: argparse.ArgumentParser) -> None:
    """Add every option of a comparison; a comma-separated list makes an axis of it."""
    group = parser.add_argument_group("comparison (a,b,c makes an axis: one job for each)")
    for option in OPTIONS:
        if option.flags is None:
            group.add_argument(
                option.flag,
                type=option.parse,
                default=option.default,
                metavar=option.metavar,
                help=option.meaning,
            )
            continue
        for word, (flag, meaning) in option.flags.items():
            group.add_argument(
                flag,
                action="append_const",
                const=values.yes_no(word),
                dest=option.name,
                help=meaning,
            )


def parse_texts(workload: str, texts: Mapping[str, str]) -> argparse.Namespace:
    """The options that texts mean, each one checked before by its option's `parse`."""
    parser = argparse.ArgumentParser()
    add_comparison_options(parser)
    arguments = [word for option in OPTIONS for word in option.arguments(texts[option.name])]
    return parser.parse_args(arguments, argparse.Namespace(workload=workload))


def command_line(workload: str, texts: Mapping[str, str], request: Request) -> str:
    """What asks for the same on the command line, where jobs run one at a time unless told."""
    arguments = [word for option in OPTIONS for word in option.arguments(texts[option.name])]
    if not texts["order"] and request.order is not Order.IN_TURN:
        arguments += ["--order", request.order.value]
    return shlex.join(["racetop", "compare", workload, *arguments])


def for_workload(options: argparse.Namespace, workload: str) -> argparse.Namespace:
    """The same options for another workload, without the axes asked for with the first."""
    if workload == options.workload:
        return options
    without_axes = {
        option.name: None
        for option in OPTIONS
        if option.is_axis and len(getattr(options, option.name) or ()) > 1
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
    given = _given(options)
    has_axis = any(option.is_axis and len(given.get(option.field, ())) > 1 for option in OPTIONS)
    if has_axis or given.keys() & {"devices", "variants", "baseline"}:
        devices = ("cpu", accelerator) if accelerator else ("cpu",)
        devices = devices[-1:] if "baseline" in given else devices
        request = replace(request, devices=devices, variants=())
    request = replace(request, **given)
    return replace(request, order=options.order or order or _usual_order(request))


def one_job_request(options: argparse.Namespace, accelerator: str | None) -> Request:
    """The request of a command about one way to train: on the accelerator, where there is one.

    Args:
        options: As for `request_from`.
        accelerator: The device to use where none is named; None for the CPU.

    Raises:
        UsageError: The workload is unknown.
    """
    request = request_from(options, accelerator=accelerator, order=Order.IN_TURN)
    if not options.devices:
        request = replace(request, devices=(accelerator or "cpu",))
    return request if options.variant else replace(request, variants=())


def preset_request(options: argparse.Namespace, preset: Preset, accelerator: str | None) -> Request:
    """What a preset asks for, with all options beside its own axes and workloads.

    Args:
        options: What `add_comparison_options` parsed.
        preset: The preset.
        accelerator: The device to race against the CPU; `--devices` decides where it is given.
    """
    given = _given(options)
    devices = given.pop("devices", None)
    if devices is not None:
        accelerator = next((device for device in reversed(devices) if device != "cpu"), None)
    request = preset.request(accelerator)
    axes = {option.field for option in OPTIONS if option.is_axis}
    asked = replace(
        request,
        **{
            field: value
            for field, value in given.items()
            if field not in axes or len(value) == 1 == max(1, len(getattr(request, field)))
        },
    )
    return without_idle_options(asked)


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of a request that options were given for."""
    given: dict[str, Any] = {}
    for option in OPTIONS:
        value = getattr(options, option.name)
        if value is None or value == option.default:
            continue
        if option.flags is not None:
            value = tuple(dict.fromkeys(value)) if option.is_axis else value[-1]
        given[option.field] = value
    return given


def _usual_order(request: Request) -> Order:
    axes = (
        *(request.workloads, request.devices, request.variants, request.batch_sizes),
        *(request.precisions, request.workers, request.threads, request.compiles, request.epochs),
    )
    jobs = math.prod(max(1, len(axis)) for axis in axes) + (request.baseline is not None)
    return Order.TOGETHER if jobs <= 2 else Order.IN_TURN
