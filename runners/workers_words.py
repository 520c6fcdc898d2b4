"""What a sweep of loader processes says, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runners.diagnosis.thresholds import CONTENDED_SHARE, START_SHARE
from runners.state import ComparisonState
from runners.text import counted, duration, times
from runners.workers_sweep import WITHIN_PCT, Count, WorkersSweep, workers_sweeps

# Shares of an epoch from which on a cost explains something.
NOTABLE_CORE_WAIT = 0.05
NOTABLE_MEMORY_BYTES = 2**30
# A share of the cores from which on something else disturbs.
NOTABLE_OTHERS = 0.2
_GIB = 2**30


def workers_sentences(state: ComparisonState) -> list[str]:
    """For each sweep the knee, what more processes do and why, and where the data wait misleads."""
    return [
        f"{sweep.label}: {sentence}" if sweep.label else sentence[:1].upper() + sentence[1:]
        for sweep in workers_sweeps(state)
        for sentence in _sentences(sweep)
    ]


def _sentences(sweep: WorkersSweep) -> Iterator[str]:
    if sweep.knee is None or sweep.best is None:
        return
    yield _knee_sentence(sweep, sweep.knee, sweep.best)
    yield from _disturbed_sentences(sweep)
    if sweep.slower:
        yield _slower_sentence(sweep, sweep.slower[-1], sweep.best)
    yield from _misled_sentences(sweep)
    yield from _start_sentences(sweep)
    yield from _memory_sentences(sweep)


def _knee_sentence(sweep: WorkersSweep, knee: Count, best: Count) -> str:
    cold = " (by cold epochs)" if knee.cell.is_cold or best.cell.is_cold else ""
    others = [count for count in sweep.timed if count is not knee]
    if knee.workers == 0:
        if sweep.slower == tuple(others):
            return (
                f"0 workers are the fastest{cold}: loader processes take more than they give here."
            )
        near = "" if knee is best else f", {_behind(knee)} from the fastest ({best.workers})"
        return f"0 workers are as fast as any{near}{cold}: loader processes gain nothing here."
    name = counted(knee.workers, "worker")
    verb = "is" if knee.workers == 1 else "are"
    speed = f"{times(knee.speed or 1.0)} as fast as {sweep.timed[0].workers}"
    if knee is sweep.timed[0]:
        speed = "the fewest tried"
    if knee is best and knee is sweep.timed[-1]:
        more_failed = any(c.cell.trouble for c in sweep.counts if c.workers > knee.workers)
        yet = "" if more_failed else ": more may be faster yet"
        return f"{name} {verb} the fastest of those tried, {speed}{cold}{yet}."
    if knee is best:
        above = [count for count in sweep.timed if count.workers > knee.workers]
        more = "make it slower" if sweep.slower == tuple(above) else "gain nothing"
        return f"{name} {verb} enough: {speed}, and more {more}{cold}."
    return (
        f"{name} {verb} enough: {speed}, {_behind(knee)} from the fastest ({best.workers}){cold}."
    )


def _disturbed_sentences(sweep: WorkersSweep) -> Iterator[str]:
    """Where something else takes cores that the loop lacks.

    Without loader processes a wait for a core is the work of something else, seen or not.
    """
    fewest = sweep.timed[0]
    waited = fewest.cell.loader.core_wait_share
    if disturbed := [count for count in sweep.timed if _is_disturbed(sweep, count)]:
        *first, last = (str(count.workers) for count in disturbed)
        counts = f"{', '.join(first)} and {last}" if first else last
        took = [f"{count.others_busy:.1f}" for count in disturbed]
        least, most = min(took, key=float), max(took, key=float)
        text = most if least == most else f"{least} to {most}"
        yield (
            f"with {counts} worker{'s' if counts != '1' else ''} something else kept {text} of "
            f"{counted(sweep.cores or 0, 'core')} busy: these figures are not of the loader alone."
        )
    elif fewest.workers == 0 and waited is not None and waited >= CONTENDED_SHARE:
        yield (
            f"with 0 workers the loop waits {waited * 100:.0f} % of the epoch for a core: "
            "something else uses them, so these figures are not of the loader alone."
        )


def _is_disturbed(sweep: WorkersSweep, count: Count) -> bool:
    if sweep.cores is None or count.others_busy is None:
        return False
    waited = count.cell.loader.core_wait_share
    lacks_core = waited is None or waited >= CONTENDED_SHARE
    return lacks_core and count.others_busy >= NOTABLE_OTHERS * sweep.cores


def _behind(count: Count) -> str:
    """How far a count is from the fastest, and that this may be chance where it is much."""
    behind_pct = count.behind_pct or 0.0
    chance = ", which may be chance," if behind_pct > WITHIN_PCT else ""
    return f"{behind_pct:.0f} %{chance}"


def _slower_sentence(sweep: WorkersSweep, count: Count, best: Count) -> str:
    share = 1 - (count.behind_pct or 0.0) / 100
    text = f"{counted(count.workers, 'worker')}: {times(share)} as fast as {best.workers}"
    reasons = [why for _, why in sorted(_reasons(sweep, count), reverse=True)]
    return f"{text}; {' and '.join(reasons)}." if reasons else f"{text}."


def _reasons(sweep: WorkersSweep, count: Count) -> Iterator[tuple[float, str]]:
    """What is known to make it slower, with the share of the epoch that it takes."""
    extra = _extra_core_wait(sweep, count)
    is_crowded = sweep.cores is not None and count.workers + sweep.threads > sweep.cores
    if sweep.cores is not None and is_crowded and (extra is None or extra >= NOTABLE_CORE_WAIT):
        processes = counted(count.workers, "loader process", "loader processes")
        loop = f"the loop's {sweep.threads} threads" if sweep.threads > 1 else "the loop"
        text = f"{processes} and {loop} share {counted(sweep.cores, 'core')}"
        waited = count.cell.loader.core_wait_share
        if waited is not None:
            text += f" (the loop waits {waited * 100:.0f} % of the epoch for one)"
        yield extra or 0.0, text
    start = _notable_start(count)
    if start is not None and count is not _told_of_start(sweep):
        start_s, share = start
        yield share, f"starting them takes {duration(start_s)} of each epoch ({share * 100:.0f} %)"


def _extra_core_wait(sweep: WorkersSweep, count: Count) -> float | None:
    """How much more of the epoch the loop waits for a core than with the fewest processes."""
    waited = count.cell.loader.core_wait_share
    before = sweep.timed[0].cell.loader.core_wait_share
    return None if waited is None else waited - (before or 0.0)


def _misled_sentences(sweep: WorkersSweep) -> Iterator[str]:
    """Where the loop waits less for data and is slower: the wait alone says nothing of a gain."""
    fewest = sweep.timed[0]
    for count in [count for count in sweep.timed if count.misleads][-1:]:
        wait, before = count.cell.loader.data_wait_share, fewest.cell.loader.data_wait_share
        yield (
            f"with {counted(count.workers, 'worker')} the loop waits less for data "
            f"({(wait or 0.0) * 100:.0f} % of the epoch, not {(before or 0.0) * 100:.0f} %) and is "
            f"slower all the same, {times(count.speed or 1.0)} as fast as {fewest.workers}: "
            "a shorter wait is no gain by itself."
        )


def _start_sentences(sweep: WorkersSweep) -> Iterator[str]:
    """What the start of processes costs each epoch, where that can be had cheaper."""
    count = _told_of_start(sweep)
    start = None if count is None else _notable_start(count)
    if count is None or start is None:
        return
    how = count.cell.loader.start_method
    text = f"{counted(count.workers, 'worker')} start anew for each epoch"
    text += f", by {how}" if how else ""
    text += f": {duration(start[0])}, {start[1] * 100:.0f} % of it. --persistent-workers pays once"
    if how in ("spawn", "forkserver"):
        text += "; --start-method fork starts them faster, where nothing forbids it"
    yield f"{text}."


def _told_of_start(sweep: WorkersSweep) -> Count | None:
    """The count whose start is told of: the knee, else the fewest processes; None for no count."""
    if sweep.is_persistent:
        return None
    if sweep.knee is not None and sweep.knee.workers:
        return sweep.knee
    return next((count for count in sweep.timed if count.workers), None)


def _notable_start(count: Count) -> tuple[float, float] | None:
    """Seconds of an epoch that starting the processes takes, and their share, where it matters."""
    start_s, share = count.start_s, count.start_share
    if start_s is None or share is None or share < START_SHARE:
        return None
    return start_s, share


def _memory_sentences(sweep: WorkersSweep) -> Iterator[str]:
    most = sweep.timed[-1]
    held = most.cell.loader.memory_bytes
    if held is not None and held >= NOTABLE_MEMORY_BYTES and most.workers:
        each = held / most.workers / _GIB
        yield (
            f"{counted(most.workers, 'worker')} hold {held / _GIB:.1f} GiB of memory, "
            f"{each:.2f} GiB each."
        )
