"""What the keys ask for: one request made into another. Pure."""

from __future__ import annotations

from dataclasses import replace

from runners.spec import Order, Request
from runners.workloads import Variant

SWEEP_BATCH_SIZES = (32, 64, 128, 256, 512)
SWEEP_WORKERS = (0, 1, 2, 4)


def variants(base: Request) -> Request:
    """As-written against tuned, on the device of the last job."""
    pair = (Variant.AS_WRITTEN, Variant.TUNED)
    return replace(_one_job(base), variants=pair, order=base.order)


def batch_sweep(base: Request) -> Request:
    """The batch sizes people try, on the device of the last job, one at a time."""
    return replace(_one_job(base), batch_sizes=SWEEP_BATCH_SIZES)


def workers_sweep(base: Request) -> Request:
    """The loader workers people try, on the device of the last job, one at a time."""
    return replace(_one_job(base), workers=SWEEP_WORKERS, variants=(Variant.AS_WRITTEN,))


def other_order(order: Order) -> Order:
    """Side by side instead of one at a time, or the reverse."""
    return Order.IN_TURN if order is Order.TOGETHER else Order.TOGETHER


def _one_job(base: Request) -> Request:
    return replace(
        base,
        devices=base.devices[-1:],
        variants=base.variants[-1:],
        batch_sizes=base.batch_sizes[:1],
        precisions=base.precisions[:1],
        workers=base.workers[:1],
        order=Order.IN_TURN,
    )
