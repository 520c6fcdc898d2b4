"""Who gets which cores: jobs that share cores slow each other down many times over.

Two torch processes with default thread counts spin in each other's barriers, so each job gets
cores of its own and as many threads as it has cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runners.devices import is_accelerator
from runners.spec import Order
from runners.text import counted
from runners.workloads import JobSettings, Variant

FEW_CORES = 4
_BETTER = "run the jobs in turn (o, or --order in-turn) for figures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One job's part of the machine.

    Attributes:
        cores: Core numbers; empty where the system binds no process to cores.
        threads: Threads of one operator.
    """

    cores: tuple[int, ...]
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """The shares of all jobs, in their order, and what to know about them, in words."""

    shares: tuple[Share, ...]
    notes: tuple[str, ...] = ()


def partition(
    jobs: Sequence[JobSettings], order: Order, *, cpu_ids: tuple[int, ...], count: int
) -> Partition:
    """Share the cores out.

    One at a time, each job gets all of them. Side by side, a job on an accelerator gets one core
    and one for each loader process, the jobs on the CPU share the rest equally.

    Args:
        jobs: The jobs, in their order.
        order: Side by side or one at a time.
        cpu_ids: Numbers of the cores this process may use; empty where cores cannot be bound.
        count: How many cores' worth of time this process may use; less than there are
            `cpu_ids` where a quota says so.
    """
    count = max(count, 1)
    if order is Order.IN_TURN or len(jobs) == 1:
        return Partition(shares=tuple(_share(job, cpu_ids[:count], count) for job in jobs))
    widths = _widths(jobs, count)
    shares = []
    start = 0
    for job, width in zip(jobs, widths, strict=True):
        # Modulo: with more jobs than cores, the later jobs start over at the first core.
        first = start % count
        shares.append(_share(job, cpu_ids[:count][first : first + width], width))
        start += width
    return Partition(shares=tuple(shares), notes=_notes(jobs, widths, count))


def _share(job: JobSettings, cores: tuple[int, ...], width: int) -> Share:
    threads = min(_wanted(job), width) if is_accelerator(job.device) else width
    return Share(cores=cores, threads=job.threads or threads)


def _wanted(job: JobSettings) -> int:
    """Cores that a job on an accelerator can make use of."""
    return 1 + (job.workers if job.variant is Variant.AS_WRITTEN else 0)


def _widths(jobs: Sequence[JobSettings], count: int) -> list[int]:
    """How many cores each job gets, at least one."""
    widths = [1] * len(jobs)
    spare = max(count - len(jobs), 0)
    on_cpu = []
    for place, job in enumerate(jobs):
        if is_accelerator(job.device):
            extra = min(_wanted(job) - 1, spare)
            widths[place] += extra
            spare -= extra
        else:
            on_cpu.append(place)
    each = spare // len(on_cpu) if on_cpu else 0
    for place in on_cpu:
        widths[place] += each
    return widths


def _notes(jobs: Sequence[JobSettings], widths: Sequence[int], count: int) -> tuple[str, ...]:
    notes = []
    have = f"{counted(count, 'core')} for {counted(len(jobs), 'job')} side by side"
    if count < len(jobs):
        notes.append(f"{have}: they take turns on a core; {_BETTER}")
    elif count < FEW_CORES:
        notes.append(f"{have}: each is slower than alone; {_BETTER}")
    for job, width in zip(jobs, widths, strict=True):
        if is_accelerator(job.device) and width < _wanted(job):
            loaders = counted(job.workers, "loader process", "loader processes")
            notes.append(f"{job.device} has {counted(width, 'core')} for itself and {loaders}")
    return tuple(notes)
