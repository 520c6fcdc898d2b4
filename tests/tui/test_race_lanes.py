"""How the runs of a race are drawn below the curves of the history."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from runners.events import Event, Hello
from runners.spec import Order, RunKey
from sensors.gpu_readings import DriverReading, NvmlState
from sensors.readings import HostReading, Reading
from tests.fakes.marked_race import after, begun, epoch, in_epoch, over, progress, whole_run
from tests.fakes.training import plan
from tui.history.race_lanes import Look, RaceLane, race_lanes
from tui.history.race_marks import RaceMarks
from tui.history.recording import Recording
from tui.history.time_window import TimeWindow

A, B = RunKey(job=0, trial=0), RunKey(job=1, trial=0)
AHEAD_S = 1_780_000_000.0
"""The wall clock less the monotonic one; a whole number of columns."""
UP_TO_S = 200


def recorded(seconds: Sequence[float] = (0.0, UP_TO_S), *, ahead_s: float = AHEAD_S) -> Recording:
    recording = Recording()
    for second in seconds:
        recording.add(reading(second, ahead_s))
    return recording


def reading(second: float, ahead_s: float) -> Reading:
    return Reading(
        taken_at_s=second,
        wall_time_s=second + ahead_s,
        took_s=0.0,
        host=HostReading(hostname="h", system="s"),
        driver=DriverReading(state=NvmlState.OK),
    )


def window_from(second: float, *, cells: int = 40, seconds_per_column: float = 1.0) -> TimeWindow:
    first = (second + AHEAD_S) / seconds_per_column
    return TimeWindow(first=round(first), cells=cells, seconds_per_column=seconds_per_column)


def lanes_of(
    runs: Mapping[RunKey, Sequence[Event]],
    window: TimeWindow,
    *,
    until_s: float = UP_TO_S,
    recording: Recording | None = None,
    order: Order = Order.TOGETHER,
) -> list[RaceLane]:
    marks = RaceMarks()
    marks.see(after(plan("cpu", "cuda:0", order=order), runs))
    stop = min(window.column_at(until_s + AHEAD_S), window.stop)
    columns = range(window.first, max(window.first, stop))
    return race_lanes(marks, recording or recorded(), window, columns)


def drawn(lane: RaceLane, cells: int = 40) -> str:
    return "".join(text for text, _ in lane.pieces(cells))


def look_at(lane: RaceLane, second: float) -> Look | None:
    return lane.at(round(second + AHEAD_S))


def share_at(lane: RaceLane, second: float) -> float | None:
    look = look_at(lane, second)
    assert look is not None
    return look.wait_share


def test_set_up_epochs_by_number_and_tests_stand_where_they_were() -> None:
    (lane,) = lanes_of({A: whole_run(10.0, 3.0, 15.0, 6.0, None)}, window_from(0.0, cells=60))
    told = "┄┄1▒▒▒▒▒▒▒▒▒══2█████████══3▓▓▓▓▓▓▓▓▓══4━━━━━━━━━══"
    assert drawn(lane, 60) == (" " * 5 + told).ljust(60)


def test_where_an_epoch_waited_is_seen_within_it() -> None:
    waits = [(float(at_s), max(0.0, min(at_s - 8.0, 4.0))) for at_s in range(1, 16)]
    events = [*begun(0.0), *in_epoch(1, 4.0, *waits)]
    (lane,) = lanes_of({A: events}, window_from(0.0, cells=20), until_s=30.0)
    seen = RaceMarks()
    after(plan("cpu"), {A: events}, seen.see)
    columns = range(round(AHEAD_S), round(AHEAD_S) + 30)
    (lane,) = race_lanes(seen, recorded(), window_from(0.0, cells=20), columns)
    # Up to 15 s into the epoch; what follows is not told yet.
    assert drawn(lane, 20) == "┄┄1▒▒▒██▒▒━━━━━     "
    assert share_at(lane, 13.0) == pytest.approx(1.0)
    assert share_at(lane, 11.0) == pytest.approx(0.0)
    assert share_at(lane, 25.0) is None


def test_an_epoch_whose_progress_was_not_kept_has_its_share_all_over() -> None:
    (lane,) = lanes_of({A: whole_run(0.0, 12.0)}, window_from(0.0))
    assert [share_at(lane, second) for second in (5.0, 14.0, 22.0)] == pytest.approx([0.6] * 3)


def test_a_wait_told_too_high_before_an_epochs_end_is_no_negative_share() -> None:
    marks = RaceMarks()
    events = [*begun(0.0), *in_epoch(1, 4.0, (15.0, 9.0)), epoch(1, 4.0, 8.0)]
    after(plan("cpu"), {A: events}, marks.see)
    window = window_from(0.0)
    (lane,) = race_lanes(marks, recorded(), window, range(window.first, window.first + 30))
    assert share_at(lane, 20.0) == 0.0


def test_the_cursor_is_told_what_ran_in_its_column() -> None:
    (lane,) = lanes_of({A: whole_run(10.0, 3.0, 15.0)}, window_from(0.0))
    found = [look_at(lane, second) for second in (9.0, 10.0, 20.0, 34.0, 40.0, 62.0)]
    doing = [look and str(look.doing) for look in found]
    assert doing == [None, "set-up", "epoch", "test", "epoch", None]
    assert [look.epochs for look in found if look] == [[], [1], [], [2]]


def test_many_epochs_in_a_cell_share_one_look_and_are_counted() -> None:
    events = [*begun(0.0), *(epoch(n, 3.0 + n, 0.9 * (n % 2), epoch_s=1.0) for n in range(1, 41))]
    window = window_from(0.0, cells=10, seconds_per_column=10.0)
    (lane,) = lanes_of({A: [*events, *over(44.0)]}, window)
    assert drawn(lane, 10) == "▓▓▓       "
    look = lane.at(window.first + 1)
    assert look is not None
    assert (look.epochs[0], look.epochs[-1]) == (7, 16)
    assert look.wait_share == pytest.approx(0.45)


def test_runs_in_turn_share_a_lane_with_idle_time_between_them() -> None:
    runs = {A: whole_run(0.0, 3.0), B: whole_run(36.0, 3.0)}
    (lane,) = lanes_of(runs, window_from(0.0), order=Order.IN_TURN)
    assert drawn(lane) == "┄┄1▒▒▒▒▒▒▒▒▒══····┄┄1▒▒▒▒▒▒▒▒▒══        "
    looks = {look for text, look in lane.pieces(40) if "1" in text}
    assert looks == {0, 1}
    assert lane.newest.spec.label == "cuda:0"
    assert lane.newest_look is None


def test_only_lanes_with_a_run_in_the_window_are_shown() -> None:
    runs = {A: whole_run(0.0, 3.0), B: whole_run(20.0, 3.0, 3.0, 3.0)}
    early, late = (lanes_of(runs, window_from(second)) for second in (0.0, 40.0))
    assert [lane.newest.spec.label for lane in early] == ["cpu", "cuda:0"]
    assert [lane.newest.spec.label for lane in late] == ["cuda:0"]
    assert lanes_of(runs, window_from(150.0)) == []
    assert lanes_of(runs, window_from(0.0), until_s=0.0) == []


def test_a_window_within_an_epoch_names_it_at_its_edge_without_a_tick() -> None:
    (lane,) = lanes_of({A: whole_run(0.0, 3.0, 3.0)}, window_from(10.0, cells=20))
    assert drawn(lane, 20) == "1▒▒▒▒▒▒══2▒▒▒▒▒▒▒▒▒═"
    assert lane.ticks(None) == {9}


def test_ticks_are_those_of_the_gpu_and_of_epochs_wide_enough() -> None:
    runs = {A: whole_run(0.0, 3.0), B: whole_run(1.0, 2.0, 2.0, gpu="GPU-0", epoch_s=12.0)}
    cpu, gpu = lanes_of(runs, window_from(0.0))
    assert (cpu.ticks(None), cpu.ticks("GPU-0")) == ({2}, set())
    assert gpu.ticks("GPU-0") == {2, 10}
    narrow = window_from(0.0, seconds_per_column=2.0)
    assert [lane.ticks(None) for lane in lanes_of(runs, narrow)] == [set(), set()]


def test_the_wall_clock_may_be_set_back_and_may_leap_ahead() -> None:
    recording = Recording()
    for second in range(60):
        recording.add(reading(second, AHEAD_S - (50.0 if second > 20 else 0.0)))
    (lane,) = lanes_of({A: whole_run(10.0, 3.0)}, window_from(0.0), recording=recording)
    assert drawn(lane).startswith("     ┄┄1▒▒▒▒▒▒▒▒▒══")

    recording = Recording()
    for second in range(60):
        recording.add(reading(second, AHEAD_S + (40.0 if second > 30 else 0.0)))
    runs = {A: whole_run(10.0, 3.0, 3.0)}
    (lane,) = lanes_of(runs, window_from(0.0, cells=60), recording=recording)
    # The machine was suspended for 40 s in the first epoch.
    assert drawn(lane, 60).rstrip() == (" " * 5 + "┄┄1▒▒▒▒▒▒▒" + "━" * 20 + "▒▒══2▒▒▒▒▒▒▒▒▒══")
    assert recording.monotonic_s(AHEAD_S + 50.0) == 30.0


def test_runs_of_another_boot_are_not_on_this_clock() -> None:
    def of_boot(ahead_s: float) -> list[Event]:
        hello = Hello(pid=1, python="3", cores=(0,), mono_s=10.0, wall_s=10.0 + ahead_s)
        started, *rest = whole_run(10.0, 3.0)
        return [started, hello, *rest]

    assert len(lanes_of({A: of_boot(AHEAD_S + 0.5)}, window_from(0.0))) == 1
    assert lanes_of({A: of_boot(AHEAD_S - 7200.0)}, window_from(0.0)) == []
    set_back = recorded([0.0])
    set_back.add(reading(5.0, AHEAD_S - 7200.0))
    runs = {A: of_boot(AHEAD_S - 7200.0)}
    assert len(lanes_of(runs, window_from(0.0), recording=set_back)) == 1


def test_before_the_first_reading_nothing_is_marked() -> None:
    runs = {A: whole_run(10.0, 3.0)}
    assert lanes_of(runs, window_from(0.0), recording=Recording()) == []


def test_what_is_not_known_is_not_drawn_as_computing() -> None:
    events = [*begun(0.0), *in_epoch(1, 4.0), progress(1, 4.0, 10.0, None)]
    (lane,) = lanes_of({A: events}, window_from(0.0, cells=10), until_s=20.0)
    assert drawn(lane, 10) == "┄┄1━━━━━━━"


def test_a_lane_is_as_wide_as_its_window_at_every_zoom() -> None:
    runs = {A: whole_run(3.7, 3.0, None, 11.0), B: whole_run(5.2, 1.0, gpu="GPU-0")}
    for seconds_per_column in (0.5, 1.0, 2.0, 5.0, 10.0, 30.0):
        for until_s in (0.3, 9.0, 55.5, 120.0):
            window = replace(window_from(0.0, seconds_per_column=seconds_per_column), cells=17)
            for lane in lanes_of(runs, window, until_s=until_s):
                assert len(drawn(lane, 17)) == 17
