"""What the keys ask for: one request made into another. Pure."""

from __future__ import annotations

from dataclasses import replace

from runners.planning import default_request
from runners.spec import Order, Request
from runners.workloads import Variant

SWEEP_BATCH_SIZES = (32, 64, 128, 256, 512)
SWEEP_WORKERS = (0, 1, 2, 4)


def default_for(workload: str, accelerator: str | None, asked: Request | None) -> Request:
    """A workload's default race, keeping what was asked for beside devices and variants."""
    fresh = default_request(workload, accelerator)
    if asked is None:
        return fresh
    return replace(
        asked,
        workload=workload,
        devices=fresh.devices,
        variants=fresh.variants,
        order=fresh.order,
    )


def variants(base: Request) -> Request:
    """As-written against tuned, on the device of the last job."""
    pair = (Variant.AS_WRITTEN, Variant.TUNED)
    return replace(_one_job(base), variants=pair, order=Order.TOGETHER)


def batch_sweep(base: Request) -> Request:
    """The batch sizes people try, on the device of the last job, one at a time."""
    return replace(_one_job(base), batch_sizes=SWEEP_BATCH_SIZES)


def workers_sweep(base: Request) -> Request:
    """The loader workers people try, on the device of the last job, one at a time."""
    return replace(_one_job(base), workers=SWEEP_WORKERS, variants=(Variant.AS_WRITTEN,))


def other_order(base: Request) -> Request:
    """The same jobs, in the other order."""
    order = Order.IN_TURN if base.order is Order.TOGETHER else Order.TOGETHER
    return replace(base, order=order)


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
