"""What the keys ask for: one request made into another. Pure."""

from __future__ import annotations

import math
from dataclasses import replace

from runners.loader_options import without_idle_options
from runners.spec import Order, Request, UsageError
from runners.workloads import JobSettings, Kind, Variant
from runners.workloads.catalogue import CATALOGUE

_BATCH_FACTORS = (0.25, 0.5, 1, 2, 4)
# As many loader processes as one loop may need; more cores are for other things.
_MOST_WORKERS = 32
# Beside those that warm up; what a model learns meanwhile is of no interest.
_STEADY_EPOCHS = 2
# Beside no process and too many.
_COUNTS_BETWEEN = 4


def variants(base: Request) -> Request:
    """As-written against tuned, on the device of the last job."""
    pair = (Variant.AS_WRITTEN, Variant.TUNED)
    return without_idle_options(replace(_one_job(base), variants=pair, order=base.order))


def batch_sweep(base: Request) -> Request:
    """Batch sizes around the workload's own, on the device of the last job, one at a time."""
    usual = CATALOGUE[base.workloads[0]].batch_size
    sizes = dict.fromkeys(max(1, round(factor * usual)) for factor in _BATCH_FACTORS)
    return without_idle_options(replace(_one_job(base), batch_sizes=tuple(sizes)))


def workers_sweep(base: Request, cores: int) -> Request:
    """Loader workers up to the cores and beyond, on the device of the last job, one at a time.

    Of few epochs, unless a number of them was asked for.

    Args:
        base: What was asked for.
        cores: How many cores' worth of time a job may use.

    Raises:
        UsageError: The workload has no loader.
    """
    workload = CATALOGUE[base.workloads[0]]
    if workload.kind is not Kind.TRAINING:
        raise UsageError(f"{workload.name} loads no data, so loader workers change nothing")
    return replace(
        _one_job(base),
        workers=worker_counts(cores),
        variants=(Variant.AS_WRITTEN,),
        epochs=base.epochs[:1] or (min(workload.epochs, workload.warm_up + _STEADY_EPOCHS),),
    )


def worker_counts(cores: int) -> tuple[int, ...]:
    """At most six numbers of loader processes: none, some up to the cores, and too many.

    Powers of two up to the cores where those are few enough, else three of them; then the cores.
    """
    most = min(max(cores, 1), _MOST_WORKERS)
    powers = [2**power for power in range(most.bit_length()) if 2**power < most]
    if len(powers) >= _COUNTS_BETWEEN:
        shares = (step / _COUNTS_BETWEEN for step in range(1, _COUNTS_BETWEEN))
        powers = [2 ** int(math.log2(most) * share + 0.5) for share in shares]
    return tuple(dict.fromkeys((0, *powers, most, 2 * most)))


def one_job(base: Request) -> Request:
    """One job, on the device of the last, as its workload usually runs."""
    return without_idle_options(replace(_one_job(base), variants=(), trials=None))


def only(request: Request, settings: JobSettings) -> Request:
    """One job of a request, alone.

    Args:
        request: What was asked for.
        settings: The job's.
    """
    asked = replace(
        _one_job(request),
        workloads=(settings.workload,),
        devices=(settings.device,),
        variants=(settings.variant,),
        batch_sizes=(settings.batch_size,),
        precisions=(settings.precision,),
        workers=(settings.workers,),
        threads=request.threads and (settings.threads or 1,),
        compiles=(settings.compile,),
        epochs=(settings.epochs,),
        trials=None,
        time_budget_s=None,
        within_pct=None,
        notes=(),
    )
    return without_idle_options(asked)


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
