"""How true a diagnosis' predictions are, and what looking at the machine costs a training."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from benchmarks import training
from benchmarks.figures import Budget, Figure, NotMeasuredError, Outcome
from benchmarks.planted_worker import planted_server
from benchmarks.quiet import wait_for_quiet
from benchmarks.training import Run
from runners.comparison import Comparison
from runners.diagnosis.diagnose import diagnose
from runners.diagnosis.diagnosing import Diagnosing, try_remedy
from runners.launching.warm import WarmWorkers
from runners.spec import Plan
from runners.state import ComparisonState
from runners.workloads import JobSettings, Variant
from sensors.readings import Reading
from sensors.sampler import Sampler
from sensors.wanted import Wanted
from tui.commands.running import LOOK_EVERY_S

_ROUNDS, _LOOK_ROUNDS = 5, 7
_QUIET_LIMIT_S = 15.0
# Of what was predicted, the measured gain may be so far off, in percent.
_GAIN_BUDGET = Budget(limit=15.0)
_LOOKS_BUDGET = Budget(limit=1.01)
# A sample sleeps for a millisecond when it is read, a step computes, asleep, for as long again.
_BATCH = 20
_SLEEPS = ("item-sleep=0.001", f"forward-sleep={0.001 * _BATCH}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What a diagnosis predicted of its first remedy, and what that then gained."""

    remedy: str
    predicted: float
    measured: float

    @property
    def off_pct(self) -> float:
        """How far the measured gain lies from the predicted one, in percent of it."""
        return 100 * abs(self.measured / self.predicted - 1)


def measure(*, quick: bool) -> Outcome:
    """Predicted against measured gain of a remedy: of a planted sleep, and of a plain loader."""
    one_core = training.one_core_settings(Variant.AS_WRITTEN, epochs=10, samples=60_000)
    cases: Mapping[str, Callable[[], Gain]] = {
        "a planted sleep": partial(gain_of, replace(one_core, batch_size=_BATCH), *_SLEEPS),
        "the plain per-item loader": partial(gain_of, one_core),
    }
    found: dict[str, list[Gain]] = {name: [] for name in cases}
    for _ in range(1 if quick else _ROUNDS):
        for name, gain in cases.items():
            wait_for_quiet(_QUIET_LIMIT_S)
            found[name].append(gain())
    return Outcome(
        figures=tuple(figure for name, gains in found.items() for figure in _figures(name, gains)),
        notes=tuple(f"{name}: {gains[0].remedy}." for name, gains in found.items()),
        raw={
            name: [{"predicted": gain.predicted, "measured": gain.measured} for gain in gains]
            for name, gains in found.items()
        },
    )


def measure_looks(*, quick: bool) -> Outcome:
    """A training that is looked at once a second against one that is not."""
    settings = training.one_core_settings(Variant.TUNED, epochs=2 if quick else 6, samples=20_000)
    runs = training.in_turn(
        {
            "looked at": partial(_looked_at, settings),
            "not": partial(training.in_our_worker, settings),
        },
        rounds=1 if quick else _LOOK_ROUNDS,
    )
    figure = Figure(
        name="tuned epoch with a look at the machine each second, against without",
        values=training.steady_ratios(runs["looked at"], runs["not"]),
        unit=" x",
        digits=3,
        budget=_LOOKS_BUDGET,
    )
    return Outcome(figures=(figure,), raw=training.to_raw(runs))


def gain_of(settings: JobSettings, *faults: str) -> Gain:
    """Diagnose a job with faults planted in it, and apply the first remedy that can be applied.

    Raises:
        NotMeasuredError: There is no diagnosis, no such remedy, or it failed.
    """

    async def run() -> Gain:
        with closing(WarmWorkers(command=planted_server(*faults))) as warm:

            async def run_plan(plan: Plan) -> ComparisonState:
                return await Comparison(plan, lambda *_: None, run_worker=warm.run_worker).run()

            state = await Diagnosing(settings, run_plan=run_plan).run()
            found = diagnose(state)
            remedies = found.remedies if found else ()
            remedy = next((each for each in remedies if each.changes and each.predicted), None)
            if found is None or remedy is None or remedy.predicted is None:
                raise NotMeasuredError(found.sentence if found else "a run of the diagnosis failed")
            tried = await try_remedy(state, remedy, run_plan=run_plan)
        if tried.gain is None or tried.gain.value is None:
            raise NotMeasuredError(tried.problem or "the remedy has no figures")
        return Gain(remedy=remedy.what, predicted=remedy.predicted, measured=tried.gain.value)

    return asyncio.run(run())


def _looked_at(settings: JobSettings) -> Run:
    looks: list[Reading] = []
    wanted = Wanted(processes=False)
    sampler = Sampler(looks.append, interval_s=LOOK_EVERY_S, wanted=lambda: wanted)
    sampler.start()
    try:
        return training.in_our_worker(settings)
    finally:
        sampler.stop()


def _figures(name: str, gains: Sequence[Gain]) -> tuple[Figure, ...]:
    return (
        Figure(
            name=f"{name}: measured gain off the predicted one",
            values=tuple(gain.off_pct for gain in gains),
            unit=" %",
            digits=1,
            budget=_GAIN_BUDGET,
        ),
        Figure(name="  predicted", values=tuple(gain.predicted for gain in gains), unit=" x"),
        Figure(name="  measured", values=tuple(gain.measured for gain in gains), unit=" x"),
    )
