"""Which figures of a race are drawn by epoch, and on which axis."""

from dataclasses import replace
from typing import Any

from runners.events import EpochFinished, Event, Phases, StepTimes
from runners.machine.figures import EpochMachine
from runners.process_events import EpochObserved
from runners.state import ComparisonState
from tests.fakes.training import epoch, plan, replayed
from tui.theme import Palette
from tui.widgets.race_chart import RaceChart

PALETTE = Palette({"foreground": "#ffffff", "primary": "#0000ff"})
STEPS = StepTimes(steps=9, whole_s=(0.01, 0.01, 0.02, 0.03, 0.05, 0.2))


def state_of(*runs: list[Event]) -> ComparisonState:
    return replayed(plan(*("cpu", "cuda:0")[: len(runs)]), *runs)


def epochs_of(*waits_s: float | None, **changes: Any) -> list[Event]:
    """Epochs of 2 s each."""
    return [
        epoch(number, 2.0, **{"phases": Phases(data_wait_s=wait_s), **changes})
        for number, wait_s in enumerate(waits_s, 1)
    ]


def kinds_of(state: ComparisonState) -> list[str]:
    """The titles that `y` goes through."""
    chart = RaceChart()
    chart.show(state, ())
    titles: list[str] = []
    while (title := str(chart.border_title).partition(" · ")[0]) not in titles:
        titles.append(title)
        chart.next_kind()
    return titles


def drawn(state: ComparisonState, presses: int) -> str:
    chart = RaceChart()
    chart.show(state, ())
    for _ in range(presses):
        chart.next_kind()
    rows = [line.strip(60) for line in chart.lines(PALETTE, 60, 12)]
    return "\n".join(row.text for row in rows)


def test_figures_that_no_job_has_are_not_offered() -> None:
    usual = ["epoch time, s", "training loss", "test accuracy, %"]
    assert kinds_of(state_of([])) == usual
    assert kinds_of(state_of(epochs_of(None, None))) == usual
    assert kinds_of(state_of(epochs_of(0.5))) == [*usual, "data wait, %"]
    assert kinds_of(state_of(epochs_of(None, step_times=STEPS))) == [
        *usual,
        "step time, p95 over median",
    ]
    untold = StepTimes(steps=0)
    assert kinds_of(state_of(epochs_of(None, step_times=untold))) == usual


def test_the_share_of_data_wait_is_never_on_a_logarithmic_axis() -> None:
    state = state_of(epochs_of(1.6, 1.5), epochs_of(0.04, 0.04))
    assert "data wait, %" in kinds_of(state)
    chart = drawn(state, 3)
    assert chart.splitlines()[-3].strip().startswith("0")
    assert "▲" in chart
    assert "●" in chart


def test_one_step_in_twenty_is_set_against_the_usual_one() -> None:
    slow = replace(STEPS, whole_s=(0.01, 0.01, 0.02, 0.03, 0.08, 0.2))
    state = state_of(
        [*epochs_of(None, step_times=STEPS), *epochs_of(None, step_times=slow, epoch=2)]
    )
    rows = drawn(state, 3).splitlines()
    marked = [row for row in rows if "●" in row]
    assert len(marked) == 2
    assert marked[0].startswith("4┤")  # 0.08 s over 0.02 s.


def test_energy_is_told_for_a_sample_of_the_epochs_that_were_looked_at() -> None:
    events = epochs_of(None, None, None)
    assert isinstance(events[1], EpochFinished)
    told = EpochObserved(epoch=2, machine=EpochMachine(looks=3, energy_j=400.0))
    state = state_of([*events, told])
    assert kinds_of(state)[-1] == "energy, mJ/sample"
    chart = drawn(state, 3)
    assert chart.count("●") == 1
    assert "400" in chart


def test_a_race_that_is_repeated_falls_back_to_a_figure_it_has() -> None:
    chart = RaceChart()
    chart.show(state_of(epochs_of(0.5)), ())
    for _ in range(3):
        chart.next_kind()
    assert chart.border_subtitle == "y 4/4"
    chart.show(state_of([]), ())
    assert chart.border_subtitle == "y 3/3"
