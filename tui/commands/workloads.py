"""`racetop workloads`: the catalogue."""

from __future__ import annotations

import json
from dataclasses import asdict
from textwrap import wrap
from typing import Any

from runners.reports.figures import megaflops
from runners.workloads import Kind, Workload
from runners.workloads.catalogue import CATALOGUE, LADDERS

_WIDTH = 100
_HEADER = ("NAME", "KIND", "DATA", "PARAMETERS", "MFLOP/STEP", "BATCH", "UNITS", "TRIALS")
_WORDS = (0, 1, 2, 6)
_LEGEND = (
    "MFLOP/STEP: millions of floating-point operations of a training step or a call, 2 for each "
    "multiply-add. UNITS: what a run has, epochs or calls; each is timed. TRIALS: how often a run "
    "is repeated where nothing else is asked for. The lines below give a sample's MFLOP."
)


def run_workloads(*, as_json: bool) -> int:
    """Print the catalogue."""
    print(json.dumps(catalogue_as_json(), indent=2) if as_json else _text())
    return 0


def catalogue_as_json() -> dict[str, Any]:
    """The catalogue in schema `racetop.workloads/1`; FLOPs are per sample."""
    return {
        "schema": "racetop.workloads/1",
        "workloads": [
            {**asdict(workload), "unit": workload.unit} for workload in CATALOGUE.values()
        ],
        "ladders": {name: list(workloads) for name, workloads in LADDERS.items()},
    }


def _text() -> str:
    rows = [_HEADER, *map(_row, CATALOGUE.values())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            f"{cell:<{width}}" if place in _WORDS else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines += ["", *wrap(_LEGEND, _WIDTH)]
    lines += ["", "Names that stand for several:"]
    lines += [f"  {name}: {', '.join(workloads)}" for name, workloads in LADDERS.items()]
    for workload in CATALOGUE.values():
        lines += ["", *_details(workload)]
    return "\n".join(lines)


def _row(workload: Workload) -> tuple[str, ...]:
    flops = workload.flops_step * workload.batch_size
    return (
        workload.name,
        str(workload.kind),
        workload.data,
        f"{workload.parameters:,}" if workload.parameters else "",
        megaflops(flops) if flops else "",
        f"{workload.batch_size:,}",
        f"{workload.epochs} {workload.unit}{'' if workload.epochs == 1 else 's'}",
        str(workload.trials),
    )


def _details(workload: Workload) -> list[str]:
    parts = []
    if workload.flops_forward:
        forward = f"{megaflops(workload.flops_forward)} MFLOP forward"
        whole = f", {megaflops(workload.flops_step)} with backward"
        parts.append(forward + ("" if workload.kind is Kind.MICRO else whole))
    if workload.kind is not Kind.MICRO:
        trained = workload.trainable_parameters
        parts += [f"{trained:,} trained"] if trained != workload.parameters else []
        parts += [workload.loss, workload.optimizer]
    parts.append(f"from {workload.source}")
    parts += [f"chosen here: {', '.join(workload.own_choices)}"] if workload.own_choices else []
    head = wrap(f"{workload.name}: {workload.summary}", _WIDTH, subsequent_indent="  ")
    return [*head, *wrap("; ".join(parts), _WIDTH, initial_indent="  ", subsequent_indent="  ")]
