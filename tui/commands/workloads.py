"""`racetop workloads`: the catalogue."""

from __future__ import annotations

import json
from dataclasses import asdict
from textwrap import indent, wrap
from typing import Any

from runners.workloads.catalogue import CATALOGUE


def run_workloads(*, as_json: bool) -> int:
    """Print the catalogue."""
    print(json.dumps(catalogue_as_json(), indent=2) if as_json else _table())
    return 0


def catalogue_as_json() -> dict[str, Any]:
    """The catalogue in schema `racetop.workloads/1`; FLOPs are per sample."""
    return {
        "schema": "racetop.workloads/1",
        "workloads": [asdict(workload) for workload in CATALOGUE.values()],
    }


def _table() -> str:
    rows = [("NAME", "DATA", "PARAMETERS", "MFLOP FWD", "(+ BWD)", "BATCH", "EPOCHS", "OPTIMIZER")]
    rows += [
        (
            w.name,
            w.data,
            f"{w.parameters:,}",
            f"{w.flops_forward / 1e6:.2f}",
            f"({w.flops_step / 1e6:.2f})",
            str(w.batch_size),
            str(w.epochs),
            w.optimizer,
        )
        for w in CATALOGUE.values()
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    left = {0, 1, 7}
    lines = [
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    for w in CATALOGUE.values():
        chosen = f"; chosen here: {', '.join(w.own_choices)}" if w.own_choices else ""
        details = wrap(f"{w.loss}; from {w.source}{chosen}", 96)
        lines += ["", f"{w.name}: {w.summary}", indent("\n".join(details), "  ")]
    lines += ["", "MFLOP: millions of floating-point operations per sample, 2 per multiply-add."]
    return "\n".join(lines)
