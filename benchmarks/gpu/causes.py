"""Step: causes planted on the device are named by the product's diagnosis, each by its class."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmarks.gpu.findings import Findings, Setting
from benchmarks.planted_worker import planted_server
from runners.comparison import Comparison
from runners.diagnosis.diagnose import diagnose
from runners.diagnosis.diagnosing import Diagnosing
from runners.diagnosis.records import Bottleneck, Diagnosis, Figure
from runners.events import EpochStarted, Event
from runners.launching.warm import WarmWorkers
from runners.planning import make_plan
from runners.spec import Plan, Request
from runners.state import ComparisonState
from runners.workloads import JobSettings, Variant
from sensors.system.cores import usable_cores

# A cause is only begun where one that takes as long as the longest before it still fits.
BUDGET_S = 150.0
_TRIAL_S = 0.2
_TRIALS = 5
_NEIGHBOR_EPOCHS = 10_000
_SHARES = ("stall", "transfer", "sync", "launch_ratio", "contended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Something that limits a training, and what a diagnosis has to make of it.

    Attributes:
        name: In words.
        workload: What is trained.
        variant: How it is fed and driven.
        batch_size: Samples a step.
        wanted: Its class.
        faults: What is planted in the workers.
        has_neighbor: Whether another training runs on its core.
        told: Shares that have to be told.
        is_rehearsed: Whether it is tried on the CPU too; others differ from those in settings only.
    """

    name: str
    workload: str
    variant: Variant
    batch_size: int
    wanted: Bottleneck
    faults: tuple[str, ...] = ()
    has_neighbor: bool = False
    told: tuple[str, ...] = ("stall",)
    is_rehearsed: bool = False


# The most telling first: what no longer fits into the time is left out.
CAUSES = (
    Cause(
        name="a loader that sleeps 0.5 ms a sample",
        workload="mlp",
        variant=Variant.AS_WRITTEN,
        batch_size=64,
        wanted=Bottleneck.INPUT,
        faults=("item-sleep=0.0005",),
        told=("stall", "transfer", "sync", "launch_ratio"),
        is_rehearsed=True,
    ),
    Cause(
        name="steps of 4 images",
        workload="cifar-resnet18-full",
        variant=Variant.TUNED,
        batch_size=4,
        wanted=Bottleneck.LAUNCH,
        told=("stall", "launch_ratio"),
    ),
    Cause(
        name="the same in steps of 512 images",
        workload="cifar-resnet18-full",
        variant=Variant.TUNED,
        batch_size=512,
        wanted=Bottleneck.COMPUTE,
        told=("stall", "launch_ratio"),
    ),
    Cause(
        name="a read of the loss that takes 5 ms, in each step",
        workload="mlp",
        variant=Variant.AS_WRITTEN,
        batch_size=16,
        wanted=Bottleneck.SYNC,
        faults=("read-sleep=0.005",),
        told=("stall", "transfer", "sync", "launch_ratio"),
    ),
    Cause(
        name="two trainings on one core",
        workload="mlp",
        variant=Variant.TUNED,
        batch_size=64,
        wanted=Bottleneck.CONTENDED,
        has_neighbor=True,
        told=("stall", "contended"),
        is_rehearsed=True,
    ),
)


def check_causes(
    setting: Setting,
    findings: Findings,
    *,
    diagnosed: Callable[[Cause, Setting], Diagnosis | str] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Diagnose a training with each cause planted in it.

    Args:
        setting: Where and on what.
        findings: Takes what is found.
        diagnosed: Diagnoses a training with a cause, or says why it cannot; None does so for real.
        clock: Monotonic clock.
    """
    ends_s, longest_s = clock() + BUDGET_S, 0.0
    found: list[tuple[Cause, Diagnosis]] = []
    for cause in CAUSES:
        if setting.is_rehearsal and not cause.is_rehearsed:
            findings.skip(cause.name, "not rehearsed: it differs from others in settings only")
            continue
        began_s = clock()
        if began_s + longest_s > ends_s:
            findings.skip(cause.name, f"not begun: the {BUDGET_S:.0f} s for causes are used up")
            continue
        diagnosis = (diagnosed or _diagnosed)(cause, setting)
        longest_s = max(longest_s, clock() - began_s)
        if isinstance(diagnosis, str):
            findings.demand(cause.name, False, found=diagnosis, wanted="a diagnosis")
            continue
        found.append((cause, diagnosis))
        findings.numbers[cause.name] = numbers_of(diagnosis)
        judge(cause, diagnosis, findings, is_rehearsal=setting.is_rehearsal)
    findings.text += table(found)


def judge(cause: Cause, found: Diagnosis, findings: Findings, *, is_rehearsal: bool) -> None:
    """Demand the class and the shares of a cause; of a rehearsal only that there is a verdict."""
    untold = [name for name in cause.told if getattr(found.shares, name) is None]
    findings.demand(
        f"{cause.name}: a verdict",
        bool(found.sentence) and found.shares.stall is not None,
        found=found.sentence,
        wanted="a sentence and what it rests on",
    )
    named, wanted_class = found.bottleneck.value, cause.wanted.value
    checks = (
        ("its shares", not untold, ", ".join(untold) or "all told", ", ".join(cause.told)),
        ("its class", named == wanted_class, named, wanted_class),
    )
    for what, is_met, was, wanted in checks:
        if is_rehearsal:
            findings.skip(f"{cause.name}: {what}", f"{was}; rehearsal, not demanded", wanted=wanted)
        else:
            findings.demand(f"{cause.name}: {what}", is_met, found=was, wanted=wanted)


def numbers_of(found: Diagnosis) -> dict[str, Any]:
    """The class, the sentences and every share of a diagnosis, as JSON values."""
    return {
        "class": found.bottleneck.value,
        "sentence": found.sentence,
        "evidence": list(found.evidence),
        "remedies": [remedy.what for remedy in found.remedies],
        "samples_per_s": found.samples_per_s and asdict(found.samples_per_s),
        "shares": asdict(found.shares),
    }


def table(found: Sequence[tuple[Cause, Diagnosis]]) -> str:
    """A row for each cause: what it was to be, what it was found to be, and by which shares."""
    lines = [
        f"| planted | wanted | found | {' | '.join(name.replace('_', ' ') for name in _SHARES)} |",
        f"| --- | --- | --- |{' --- |' * len(_SHARES)}",
    ]
    for cause, diagnosis in found:
        cells = [_cell(getattr(diagnosis.shares, name)) for name in _SHARES]
        row = (cause.name, cause.wanted.value, diagnosis.bottleneck.value, *cells)
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "n/a"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def _diagnosed(cause: Cause, setting: Setting) -> Diagnosis | str:
    """What is made of a cause; why there is nothing, where a run failed."""
    state = asyncio.run(_runs(cause, setting))
    found = diagnose(state)
    if found is not None and found.is_complete:
        return found
    return "; ".join(run.error.message for run in state.runs.values() if run.error) or "no figures"


async def _runs(cause: Cause, setting: Setting) -> ComparisonState:
    """The runs of a diagnosis of a training with a cause planted in it."""
    settings = _settings(cause, setting)
    command = planted_server(*cause.faults) if cause.faults else None
    with closing(WarmWorkers(command=command)) as warm:

        async def run_plan(plan: Plan) -> ComparisonState:
            return await Comparison(plan, lambda *_: None, run_worker=warm.run_worker).run()

        trial_s, trials = (0.02, 1) if setting.is_rehearsal else (_TRIAL_S, _TRIALS)
        diagnosing = Diagnosing(settings, run_plan=run_plan, trial_s=trial_s, trials=trials)
        if not cause.has_neighbor:
            return await diagnosing.run()
        async with _neighbor_of(settings, warm):
            return await diagnosing.run()


def _settings(cause: Cause, setting: Setting) -> JobSettings:
    request = Request(
        workloads=("mlp" if setting.is_rehearsal else cause.workload,),
        devices=(setting.device,),
        variants=(cause.variant,),
        batch_sizes=(cause.batch_size,),
        data="generated",
        threads=(1,) if setting.is_rehearsal else (),
    )
    data_dir = setting.cache / "data"
    plan = make_plan(request, usable_cores(), data_dir=data_dir, cache_dir=setting.cache)
    settings = plan.jobs[0].settings
    return (
        replace(settings, cores=settings.cores[:1], threads=1) if cause.has_neighbor else settings
    )


@asynccontextmanager
async def _neighbor_of(settings: JobSettings, warm: WarmWorkers) -> AsyncIterator[None]:
    """Another training, on the CPU, on the cores of a job for as long as that takes."""
    trains = asyncio.Event()

    def on_event(event: Event) -> None:
        if isinstance(event, EpochStarted):
            trains.set()

    other = replace(
        settings, device="cpu", variant=Variant.AS_WRITTEN, epochs=_NEIGHBOR_EPOCHS, probe=None
    )
    running = asyncio.ensure_future(warm.run_worker(other, on_event))
    waiting = asyncio.ensure_future(trains.wait())
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        for task in (running, waiting):
            task.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
