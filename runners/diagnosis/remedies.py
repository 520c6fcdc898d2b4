"""What to change, and what it should gain. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from operator import truediv

from runners.diagnosis.classes import Case
from runners.diagnosis.commands import command_with_and_without
from runners.diagnosis.conditions import has_too_many_threads, is_by_own_threads, outside
from runners.diagnosis.plan import MORE_SAMPLES, Role, loader_processes
from runners.diagnosis.records import Bottleneck, Remedy
from runners.diagnosis.thresholds import START_SHARE
from runners.machine.slowed import POWER_LIMITS
from runners.statistics import steady_epochs
from runners.text import counted
from runners.workloads import Precision, Variant

MOST_REMEDIES = 3
LEAST_GAIN = 1.02
"""What promises less is no remedy."""


def remedies(case: Case) -> tuple[Remedy, ...]:
    """Those of the class, or of what it seems to be; the most promising first."""
    found = [remedy for make in _REMEDIES[case.decision.told] for remedy in make(case)]
    worth = [each for each in found if each.predicted is None or each.predicted >= LEAST_GAIN]
    worth.sort(key=lambda remedy: -(remedy.predicted or 0.0))
    return tuple(worth[:MOST_REMEDIES])


def _remedy(
    case: Case,
    what: str,
    *,
    predicted: float | None = None,
    is_bound: bool = False,
    **changes: object,
) -> Remedy:
    return Remedy(
        what=what,
        changes=tuple(changes.items()),
        predicted=predicted,
        is_bound=is_bound,
        command=command_with_and_without(case.whole, changes) if changes else None,
    )


def _resident(case: Case) -> list[Remedy]:
    """The tuned loop with the plain one's kernels, so that only what is left out differs."""
    what = "keep the samples in memory, cut batches by indexing"
    return _tuned(case, what)


def _read_once(case: Case) -> list[Remedy]:
    what = "leave loss and right answers on the device, read them once an epoch (the tuned loop)"
    return _tuned(case, what)


def _tuned(case: Case, what: str) -> list[Remedy]:
    settings = case.whole.settings
    has_tuned = Variant.TUNED in case.whole.workload.variants
    if settings.variant is not Variant.AS_WRITTEN or not has_tuned:
        return []
    gains = [case.figures.of(truediv, Role.AS_IT_IS, role) for role in (Role.UNREAD, Role.CACHED)]
    return [
        _remedy(
            case,
            what,
            predicted=next((gain.value for gain in gains if gain is not None), None),
            variant=Variant.TUNED,
            channels_last=bool(settings.channels_last),
            fused=bool(settings.fused),
        )
    ]


def _cheaper_batches(case: Case) -> list[Remedy]:
    if case.whole.settings.variant is not Variant.TUNED:
        return []
    return [_remedy(case, "do less for each batch: the loop cuts, scales and augments it itself")]


def _more_workers(case: Case) -> list[Remedy]:
    """As many loader processes as idle cores can carry, or as it takes to feed the steps."""
    settings, figures = case.whole.settings, case.figures
    idle = _idle_cores(case)
    found_s = figures.medians_s(Role.AS_IT_IS, figures.fed or Role.CACHED, Role.LOADER)
    if settings.variant is not Variant.AS_WRITTEN or idle is None or idle < 1 or not found_s:
        return []
    as_it_is_s, steps_s, loader_s = found_s
    # More processes make samples faster, and start no sooner.
    start_s = figures.start_share.value * as_it_is_s if figures.start_share else 0.0
    single_s = max(loader_s - start_s, 0.0) * max(settings.workers, 1)
    wanted = max(math.ceil(single_s / steps_s), settings.workers + 1)
    workers = min(wanted, settings.workers + int(idle))
    processes = counted(workers, "loader process", "loader processes")
    return [
        _remedy(
            case,
            f"feed it by {processes}: {idle:.0f} of {len(settings.cores)} cores are idle",
            predicted=as_it_is_s / (max(steps_s, single_s / workers) + start_s),
            is_bound=True,
            workers=workers,
        )
    ]


def _lasting_workers(case: Case) -> list[Remedy]:
    """What spares the start of the loader, where that is a part of the epoch."""
    settings, start = case.whole.settings, case.figures.start_share
    if start is None or start.value < START_SHARE or start.value >= 1:
        return []
    gain, found = 1 / (1 - start.value), []
    if not settings.persistent_workers:
        what = "keep the loader processes from one epoch to the next"
        found.append(_remedy(case, what, predicted=gain, is_bound=True, persistent_workers=True))
    if settings.start_method in ("spawn", "forkserver"):
        what = f"start the loader processes by fork in place of {settings.start_method}"
        found.append(_remedy(case, what, predicted=gain, is_bound=True, start_method="fork"))
    return found


def _fewer_workers(case: Case) -> list[Remedy]:
    settings = case.whole.settings
    workers = min(settings.workers - 1, max(len(settings.cores) - 1, 0))
    if not loader_processes(settings) or not case.decision.is_own_doing:
        return []
    processes = counted(workers, "loader process", "loader processes")
    return [
        _remedy(case, f"feed it by {processes} in place of {settings.workers}", workers=workers)
    ]


def _own_cores(case: Case) -> list[Remedy]:
    """In place of loader processes that hold the cores, none at all."""
    return _resident(case) if case.decision.is_own_doing else []


def _pinned(case: Case) -> list[Remedy]:
    settings, transfer = case.whole.settings, case.figures.shares.transfer
    is_cuda = settings.device.startswith("cuda")
    is_pinned = settings.workers > 0 if settings.pin_memory is None else settings.pin_memory
    if not is_cuda or is_pinned or settings.variant is not Variant.AS_WRITTEN or transfer is None:
        return []
    share = min(max(transfer.value, 0.0), 0.99)
    what = "take batches in page-locked memory and copy them without waiting"
    gain = 1 / (1 - share)
    return [_remedy(case, what, predicted=gain, is_bound=True, pin_memory=True)]


def _bytes_over_the_bus(case: Case) -> list[Remedy]:
    return [_remedy(case, "copy bytes, and scale them to floats on the device")]


def _larger_batch(case: Case) -> list[Remedy]:
    """Twice the batch: what its steps were measured to spare, of the whole."""
    spared = case.figures.of(
        lambda as_it_is_s, once_s, twice_s: (once_s - twice_s) / as_it_is_s,
        *(Role.AS_IT_IS, Role.CACHED, Role.TWICE),
    )
    if spared is None or spared.value >= 1:
        return []
    size = MORE_SAMPLES * case.whole.settings.batch_size
    return [
        _remedy(
            case,
            f"train on batches of {size} (look at the accuracy: fewer steps learn differently)",
            predicted=1 / (1 - spared.value),
            batch_size=size,
        )
    ]


def _compiled(case: Case) -> list[Remedy]:
    is_compiled = case.whole.settings.compile
    return [] if is_compiled else [_remedy(case, "compile the model", compile=True)]


def _fused(case: Case) -> list[Remedy]:
    settings = case.whole.settings
    is_tuned = settings.variant is Variant.TUNED
    if is_tuned if settings.fused is None else settings.fused:
        return []
    return [_remedy(case, "let the optimizer do its step in one kernel", fused=True)]


def _half_precision(case: Case) -> list[Remedy]:
    if case.whole.settings.precision is Precision.BF16:
        return []
    return [_remedy(case, "compute in bf16 (look at the accuracy)", precision=Precision.BF16)]


def _channels_last(case: Case) -> list[Remedy]:
    settings = case.whole.settings
    is_tuned = settings.variant is Variant.TUNED
    is_set = is_tuned if settings.channels_last is None else settings.channels_last
    if is_set or len(case.whole.workload.input_shape) == 1:
        return []
    return [_remedy(case, "lay images out channels last in memory", channels_last=True)]


def _hardware(case: Case) -> list[Remedy]:
    return [
        _remedy(case, "take a faster device, or train a smaller model: the steps are all it does")
    ]


def _fewer_threads(case: Case) -> list[Remedy]:
    settings = case.whole.settings
    if not has_too_many_threads(settings):
        return []
    threads = len(settings.cores)
    what = f"compute with {counted(threads, 'thread')} in place of {settings.threads}"
    return [_remedy(case, what, threads=threads)]


def _leave_the_cores(case: Case) -> list[Remedy]:
    """What no setting of the job changes."""
    seen = outside(case.state.runs_of(0))
    if not case.decision.is_others_doing or is_by_own_threads(case.whole.settings, seen):
        return []
    if seen and seen.is_quota:
        return [_remedy(case, "raise the CPU quota of its control group, or take fewer threads")]
    if seen and seen.is_steal:
        return [_remedy(case, "give the virtual machine cores of its own")]
    return [_remedy(case, "end what else runs on its cores, or give it cores of its own")]


def _cool(case: Case) -> list[Remedy]:
    seen = outside(case.state.runs_of(0))
    if seen and seen.slowed and seen.slowed.by in POWER_LIMITS:
        return [_remedy(case, "raise the card's power limit, where that is allowed")]
    return [_remedy(case, "cool the machine: its fans, its filters, the air of the room")]


def _idle_cores(case: Case) -> float | None:
    """Cores' worth of time that the job leaves of its own cores; None where unknown."""
    busy = [
        epoch.process_s / epoch.epoch_s
        for run in case.state.runs_of(0)
        for epoch in steady_epochs(run)
        if epoch.process_s is not None
    ]
    cores = len(case.whole.settings.cores)
    return cores - statistics.median(busy) if busy and cores else None


_INPUT = (_resident, _more_workers, _lasting_workers, _cheaper_batches)
_REMEDIES: Mapping[Bottleneck, tuple[Callable[[Case], list[Remedy]], ...]] = {
    Bottleneck.INPUT: _INPUT,
    Bottleneck.MILDLY_INPUT: _INPUT,
    Bottleneck.TRANSFER: (_resident, _pinned, _bytes_over_the_bus),
    Bottleneck.LAUNCH: (_larger_batch, _compiled, _fused),
    Bottleneck.SYNC: (_read_once,),
    Bottleneck.COMPUTE: (_half_precision, _channels_last, _compiled, _hardware),
    Bottleneck.CONTENDED: (_own_cores, _fewer_workers, _fewer_threads, _leave_the_cores),
    Bottleneck.THROTTLED: (_cool,),
}
