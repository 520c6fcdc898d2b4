"""What the keys ask for: one request made into another. Pure."""

from __future__ import annotations

from dataclasses import replace

from runners.spec import Order, Request, UsageError
from runners.workloads import Kind, Variant
from runners.workloads.catalogue import CATALOGUE

_BATCH_FACTORS = (0.25, 0.5, 1, 2, 4)
SWEEP_WORKERS = (0, 1, 2, 4)


def variants(base: Request) -> Request:
    """As-written against tuned, on the device of the last job."""
    pair = (Variant.AS_WRITTEN, Variant.TUNED)
    return replace(_one_job(base), variants=pair, order=base.order)


def batch_sweep(base: Request) -> Request:
    """Batch sizes around the workload's own, on the device of the last job, one at a time."""
    usual = CATALOGUE[base.workloads[0]].batch_size
    sizes = dict.fromkeys(max(1, round(factor * usual)) for factor in _BATCH_FACTORS)
    return replace(_one_job(base), batch_sizes=tuple(sizes))


def workers_sweep(base: Request) -> Request:
    """The loader workers people try, on the device of the last job, one at a time.

    Raises:
        UsageError: The workload has no loader.
    """
    workload = CATALOGUE[base.workloads[0]]
    if workload.kind is not Kind.TRAINING:
        raise UsageError(f"{workload.name} loads no data, so loader workers change nothing")
    return replace(_one_job(base), workers=SWEEP_WORKERS, variants=(Variant.AS_WRITTEN,))


def one_job(base: Request) -> Request:
    """One job, on the device of the last, as its workload usually runs."""
    return replace(_one_job(base), variants=(), trials=None)


def other_order(order: Order) -> Order:
    """Side by side instead of one at a time, or the reverse."""
    return Order.IN_TURN if order is Order.TOGETHER else Order.TOGETHER


def _one_job(base: Request) -> Request:
    return replace(
        base,
        workloads=base.workloads[:1],
        devices=base.devices[-1:],
        baseline=None,
        variants=base.variants[-1:],
        batch_sizes=base.batch_sizes[:1],
        precisions=base.precisions[:1],
        workers=base.workers[:1],
        threads=base.threads[:1],
        compiles=base.compiles[:1],
        epochs=base.epochs[:1],
        order=Order.IN_TURN,
    )
