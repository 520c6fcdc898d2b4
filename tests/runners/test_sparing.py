from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from runners.comparison import Comparison
from runners.events import Event
from runners.planning import make_plan
from runners.spec import Order, Plan, Request, RunKey, UsageError
from runners.state import ComparisonState, RunStatus
from runners.workloads import JobSettings
from sensors.system.cores import UsableCores
from tests.fakes.clock import FakeClock
from tests.fakes.training import finished_run, plan, replayed

IN_TURN = plan("cpu", "cuda:0", order=Order.IN_TURN, trials=5)


class Workers:
    """Runs jobs at once, each epoch as long as it is told, and moves the clock on."""

    def __init__(self, clock: FakeClock, *epochs_s: float) -> None:
        self.started: list[str] = []
        self._clock = clock
        self._epochs_s = epochs_s

    async def run(self, settings: JobSettings, on_event: Callable[[Event], None]) -> None:
        self.started.append(settings.device)
        epoch_s = self._epochs_s[len(self.started) % len(self._epochs_s)]
        for event in finished_run(9.0, epoch_s, epoch_s):
            on_event(event)
        self._clock.now_s += 10.0


class Records:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[RunKey, str]] = []
        self.why: dict[RunKey, str] = {}
        self.finished: ComparisonState | None = None

    def event(self, key: RunKey, event: Event) -> None:
        self.events.append((key, event.kind))

    def spared(self, keys: Iterable[RunKey], why: str) -> None:
        self.why |= dict.fromkeys(keys, why)

    def finish(self, state: ComparisonState) -> None:
        self.finished = state


def ignore(_state: ComparisonState, _key: RunKey | None, _event: Event | None) -> None:
    pass


async def compared(
    asked: Plan, *epochs_s: float, state: ComparisonState | None = None
) -> tuple[ComparisonState, Workers, Records]:
    clock, records = FakeClock(), Records()
    workers = Workers(clock, *epochs_s)
    comparison = Comparison(
        asked, ignore, run_worker=workers.run, state=state, recorder=records, clock=clock
    )
    return await comparison.run(), workers, records


async def test_no_run_starts_when_the_time_is_up() -> None:
    state, workers, records = await compared(replace(IN_TURN, time_budget_s=25.0), 1.0)
    assert workers.started == ["cpu", "cuda:0", "cuda:0"]
    spared = [run for run in state.runs.values() if run.status is RunStatus.SPARED]
    assert len(spared) == 7
    assert {run.spared for run in spared} == {"the 25 s it was given were used up"}
    assert len(records.why) == 7


async def test_a_job_whose_figure_is_known_is_repeated_no_more() -> None:
    state, workers, _ = await compared(replace(IN_TURN, within_pct=1.0), 1.0)
    assert workers.started.count("cpu") == workers.started.count("cuda:0") == 3
    assert [run.status for run in state.runs_of(0)] == [RunStatus.DONE] * 3 + [RunStatus.SPARED] * 2
    assert state.runs_of(0)[4].spared == "its figure is known to within 1 %"


async def test_a_job_whose_figure_is_not_known_well_is_repeated_to_the_end() -> None:
    _, workers, records = await compared(replace(IN_TURN, within_pct=1.0), 1.0, 1.2, 1.5)
    assert len(workers.started) == 10
    assert not records.why


async def test_side_by_side_the_lanes_go_on_until_both_are_known() -> None:
    together = replace(IN_TURN, order=Order.TOGETHER, within_pct=1.0)
    _, workers, _ = await compared(together, 1.0, 1.0, 1.5, 1.0)
    assert workers.started.count("cpu") == workers.started.count("cuda:0")


async def test_a_comparison_goes_on_with_the_runs_that_wait() -> None:
    asked = plan("cpu", "cuda:0", order=Order.IN_TURN)
    state, workers, records = await compared(
        asked, 1.0, state=replayed(asked, finished_run(9.0, 1.0))
    )
    assert workers.started == ["cuda:0"]
    assert {key.job for key, _ in records.events} == {1}
    assert state.is_over


async def test_whoever_keeps_it_hears_every_event_and_the_end() -> None:
    state, _, records = await compared(plan("cpu", order=Order.IN_TURN), 1.0)
    assert [kind for _, kind in records.events] == [event.kind for event in finished_run(9, 1, 1)]
    assert records.finished == state


def test_within_is_refused_where_no_trial_could_be_left_out() -> None:
    cores = UsableCores(cpu_ids=(0, 1), quota=None, count=2)
    folders = {"data_dir": Path("/data"), "cache_dir": Path("/cache")}
    asked = Request(workloads=("mlp",), within_pct=2.0)

    for trials in (None, 3):
        with pytest.raises(UsageError, match="at least --trials 4"):
            make_plan(replace(asked, trials=trials), cores, **folders)
    assert make_plan(replace(asked, trials=4), cores, **folders).within_pct == 2.0
