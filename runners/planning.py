"""From a request to a plan: all jobs, each with its cores and threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from runners.cores import partition
from runners.devices import parse_device
from runners.loader_options import check_loader, loader_notes
from runners.paths import check_data
from runners.spec import (
    Order,
    Plan,
    Request,
    UsageError,
    differing,
    expand,
    find_workload,
    named_workloads,
)
from runners.statistics import TRIALS_FOR_INTERVAL
from runners.text import counted
from runners.workloads import Kind, Variant
from sensors.system.cores import UsableCores

# torch takes a seed of 64 bits, with a sign.
MAX_SEED = 2**63 - 1


def default_request(workload: str, accelerator: str | None) -> Request:
    """The race to show when nothing else was asked for.

    Args:
        workload: Name in the catalogue, or several with commas between, or a ladder's name.
        accelerator: The device to race against the CPU; None: the CPU races itself, the
            workload as written against tuned where it has both variants; each of several.

    Raises:
        UsageError: The workload is unknown.
    """
    request = Request(workloads=named_workloads(workload), order=Order.TOGETHER)
    if len(request.workloads) > 1:
        request = replace(request, order=Order.IN_TURN)
    if accelerator is not None:
        return replace(request, devices=("cpu", accelerator))
    pair = (Variant.AS_WRITTEN, Variant.TUNED)
    all_have_both = all(
        set(pair) <= set(find_workload(name).variants) for name in request.workloads
    )
    return replace(request, variants=pair) if all_have_both else request


def make_plan(request: Request, cores: UsableCores, *, data_dir: Path, cache_dir: Path) -> Plan:
    """The plan of a comparison.

    Args:
        request: What was asked for.
        cores: The cores this process may use.
        data_dir: Where `auto` looks for data sets and `download` writes them.
        cache_dir: Where generated and unpacked data are kept.

    Raises:
        UsageError: Part of the request is unknown, or there is no such data directory.
    """
    devices = tuple(parse_device(device) for device in request.devices)
    baseline = None if request.baseline is None else parse_device(request.baseline)
    request = replace(request, devices=devices, baseline=baseline, data=check_data(request.data))
    _reject_repeats(request)
    if not 0 <= request.seed <= MAX_SEED:
        raise UsageError(f"seed {request.seed} is out of range; the largest is {MAX_SEED}")
    if len(request.workers) > 1 and not set(request.variants) <= {Variant.AS_WRITTEN}:
        raise UsageError(
            "only the as-written loop has loader processes; compare several --workers "
            "with --variant as-written alone"
        )
    specs = expand(request, data_dir=str(data_dir), cache_dir=str(cache_dir))
    trials = request.trials or max(spec.workload.trials for spec in specs)
    _reject_idle_within(request, trials)
    check_loader(request, specs, _start_methods)
    settings = [spec.settings for spec in specs]
    parts = partition(settings, request.order, cpu_ids=cores.cpu_ids, count=cores.count)
    jobs = tuple(
        replace(spec, settings=replace(spec.settings, cores=share.cores, threads=share.threads))
        for spec, share in zip(specs, parts.shares, strict=True)
    )
    notes = [*request.notes, *parts.notes, *loader_notes(request, specs)]
    if request.threads and max(request.threads) > cores.count:
        have = f"{counted(cores.count, 'usable core')}"
        most = counted(max(request.threads), "thread")
        notes.append(f"{most} for {have}: more threads than cores")
    trains = any(spec.workload.kind is Kind.TRAINING for spec in specs)
    limits = (("trained", request.train_samples), ("tested", request.test_samples))
    firsts = [f"{verb} on the first {counted(n, 'sample')} only" for verb, n in limits if n]
    notes += [", ".join(firsts)] if firsts and trains else []
    return Plan(
        order=request.order,
        trials=trials,
        jobs=jobs,
        axes=differing(settings),
        notes=tuple(notes),
        time_budget_s=request.time_budget_s,
        within_pct=request.within_pct,
    )


def _start_methods() -> Sequence[str]:
    # Here, so that the first frame does not wait for it.
    from multiprocessing import get_all_start_methods

    return get_all_start_methods()


def _reject_idle_within(request: Request, trials: int) -> None:
    if request.within_pct is not None and trials <= TRIALS_FOR_INTERVAL:
        raise UsageError(
            f"--within leaves out trials after the first {TRIALS_FOR_INTERVAL}, which an interval "
            f"takes; name at least --trials {TRIALS_FOR_INTERVAL + 1}"
        )


def _reject_repeats(request: Request) -> None:
    axes: dict[str, tuple[object, ...]] = {
        "workload": request.workloads,
        "device": request.devices,
        "variant": request.variants,
        "batch size": request.batch_sizes,
        "precision": request.precisions,
        "number of workers": request.workers,
        "number of threads": request.threads,
        "number of epochs": request.epochs,
    }
    for name, values in axes.items():
        for value in values:
            if values.count(value) > 1:
                raise UsageError(f"{name} {value} is named twice; use --trials to repeat a job")
