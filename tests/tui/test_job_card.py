from collections.abc import Sequence
from dataclasses import replace

import pytest

from runners.events import (
    ErrorKind,
    Event,
    JobFailed,
    Phases,
    StageStarted,
    StepProgress,
)
from runners.events import Stage as SetupStage
from runners.machine.figures import EpochMachine
from runners.process_events import EpochObserved, WorkerExited, WorkerStarted
from runners.spec import JobSpec
from runners.state import RunState, RunStatus, apply_to_run
from runners.workloads import JobSettings
from tests.fakes import scenes
from tui.theme import Palette
from tui.widgets.job_card import JobCard, phase_lines, phase_shares, status_line, time_left_s

PALETTE = Palette({"foreground": "#ffffff", "primary": "#0000ff"})
SETTINGS = JobSettings(workload="fashion-cnn", device="cpu", batch_size=100, epochs=10)
SPEC = JobSpec(label="cpu", settings=SETTINGS)


def run_after(events: Sequence[Event]) -> RunState:
    run = RunState()
    for event in events:
        run = apply_to_run(run, event)
    return run


def status_of(run: RunState, now_s: float = 1033.0, width: int = 60) -> str:
    line = status_line(run, SPEC, PALETTE, PALETTE.job(0), width, now_s)
    return "".join(segment.text for segment in line.strip(width)).rstrip()


def in_epoch(
    step: int, elapsed_s: float, *, epoch: int = 1, phases: Phases | None = None
) -> list[Event]:
    return [
        replace(event, phases=phases) if phases and isinstance(event, StepProgress) else event
        for event in scenes._in_epoch(epoch, step=step, elapsed_s=elapsed_s)
    ]


def phases_told(run: RunState, width: int = 80) -> tuple[list[str], str]:
    """The legend's words in pairs, and the cells of the bar by look."""
    bar, legend = phase_lines(run, PALETTE, width)
    assert bar.width == width
    found = legend.strip(width).text.split("%")
    return [" ".join(part.split()) for part in found], bar.strip(width).text


def test_a_narrow_card_names_the_phases_that_take_most() -> None:
    run = run_after(scenes.epoch_events(1, 2.0, phases=(0.05, 0.02, 0.2, 0.5, 0.08)))
    bar, legend = phase_lines(run, PALETTE, 29)
    assert legend.strip(29).text.strip() == "fwd 20%  bwd 50%  rest 15%"
    assert bar.width == 29
    words = phase_lines(run, PALETTE, 80)[1].strip(80).text.split()
    assert words[::2] == ["data", "copy", "fwd", "bwd", "opt", "rest", "epoch"]
    assert words[-1] == "1"


def test_the_phases_of_the_epoch_under_way_are_live() -> None:
    finished = scenes.start_events(0, accelerator=False)
    finished += scenes.epoch_events(1, 8.0, phases=scenes.CPU_PHASES)
    all_known = Phases(data_wait_s=2.0, forward_s=0.8, backward_s=0.8, optimizer_s=0.2)
    run = run_after([*finished, *in_epoch(300, 4.0, epoch=2, phases=all_known)])
    told, bar = phases_told(run)
    assert told == ["data 50", "fwd 20", "bwd 20", "opt 5", "rest 5", "epoch 2 so far"]
    assert [bar.count(mark) for mark in "█▒▓■░"] == [40, 16, 16, 4, 4]


def test_until_something_is_known_of_an_epoch_the_last_one_is_shown() -> None:
    finished = scenes.start_events(0, accelerator=False)
    finished += scenes.epoch_events(1, 8.0, phases=scenes.CPU_PHASES)
    between, _ = phases_told(run_after(finished))
    unknown, _ = phases_told(run_after([*finished, *in_epoch(300, 4.0, epoch=2)]))
    assert between == unknown
    assert between[0] == "data 41"
    assert between[-1] == "epoch 1"


def test_where_the_data_wait_alone_is_known_all_else_is_the_rest() -> None:
    run = run_after(in_epoch(300, 4.0, phases=Phases(data_wait_s=1.0)))
    told, bar = phases_told(run)
    assert told == ["data 25", "rest 75", "epoch 1 so far"]
    assert bar.rstrip() == "█" * 20 + "░" * 60


def test_a_legend_with_one_digit_less_stands_where_it_stood() -> None:
    starts = []
    for wait_s in (0.36, 0.44):
        run = run_after(in_epoch(300, 4.0, phases=Phases(data_wait_s=wait_s, forward_s=2.0)))
        starts.append(phase_lines(run, PALETTE, 80)[1].strip(80).text.index("fwd"))
    assert starts[0] == starts[1]


def test_where_there_is_no_room_the_epoch_is_not_named() -> None:
    run = run_after(in_epoch(300, 4.0, phases=Phases(data_wait_s=1.0)))
    assert phases_told(run, 27)[0] == ["data 25", "rest 75", ""]


def test_a_job_that_waits_says_so() -> None:
    assert status_of(RunState()) == "waiting for its turn"


def test_the_set_up_names_its_stage_and_its_time() -> None:
    events = [
        WorkerStarted(pid=1, mono_s=1000.0),
        StageStarted(stage=SetupStage.IMPORT, mono_s=1000.0),
    ]
    assert status_of(run_after(events), now_s=1004.0) == "importing torch … 0:04"


def test_training_shows_epoch_share_and_time_left() -> None:
    run = run_after(scenes.start_events(0, accelerator=False) + in_epoch(300, 4.0))
    text = status_of(run)
    assert text.startswith("epoch 1/10 ")
    assert text.endswith("5 % 1:16 left")


def test_a_job_without_a_step_for_long_is_named_silent() -> None:
    run = run_after(scenes.start_events(0, accelerator=False) + in_epoch(300, 4.0))
    assert "no step for" not in status_of(run, now_s=1046.0)
    assert status_of(run, now_s=1052.0).endswith("no step for 0:20")


def test_the_time_left_leaves_the_cold_epoch_out() -> None:
    events = scenes.start_events(0, accelerator=False)
    for number, epoch_s in enumerate((30.0, 5.0, 5.0), start=1):
        events += scenes.epoch_events(number, epoch_s, phases=scenes.CPU_PHASES)
    assert time_left_s(run_after(events), 10) == pytest.approx(7 * (5.0 + 0.6))


def test_before_any_step_the_time_left_is_unknown() -> None:
    assert time_left_s(run_after(scenes.start_events(0, accelerator=False)), 10) is None


def test_phases_and_their_rest_add_up_to_the_epoch() -> None:
    phases = Phases(data_wait_s=4.0, forward_s=3.0, backward_s=2.0, optimizer_s=0.5)
    shares = phase_shares(phases, 10.0)
    assert [name for name, _, _ in shares] == ["data", "fwd", "bwd", "opt", "rest"]
    assert sum(share for _, _, share in shares) == pytest.approx(1.0)


def test_a_host_that_waits_while_the_device_works_has_a_rest_below_zero() -> None:
    phases = Phases(data_wait_s=6.0, forward_s=5.0)
    assert phase_shares(phases, 10.0)[-1][2] == pytest.approx(-0.1)


def test_untimed_phases_are_no_phases() -> None:
    assert phase_shares(Phases(), 10.0) == []


def card_text(run: RunState, width: int, height: int = 5) -> list[str]:
    card = JobCard(0, SPEC)
    card._run = run
    rows = [line.strip(width) for line in card.lines(PALETTE, width, height)]
    return ["".join(segment.text for segment in row) for row in rows]


@pytest.mark.parametrize("width", [20, 29, 38, 48, 70])
def test_no_number_of_a_card_is_cut_without_a_mark(width: int) -> None:
    events = scenes.start_events(0, accelerator=False)
    for number in (1, 2, 3):
        events += scenes.epoch_events(number, 7.31, phases=scenes.CPU_PHASES)
    rows = card_text(run_after(events), width)
    assert any("7.31 s steady" in row for row in rows)
    for row in rows:
        assert "…" in row or not row.rstrip().endswith(("·", "samples", "accuracy", "7."))


def test_a_stopped_run_keeps_its_figures() -> None:
    events = scenes.start_events(0, accelerator=False)
    events += scenes.epoch_events(1, 8.0, phases=scenes.CPU_PHASES)
    run = replace(run_after(events), status=RunStatus.STOPPED)
    rows = card_text(run, 60)
    assert rows[0].startswith("stopped · 1/10 epochs")
    assert "8.00 s cold" in rows[1]


def test_a_run_that_failed_later_keeps_what_it_had_finished_on_screen() -> None:
    events = scenes.start_events(0, accelerator=False)
    events += scenes.epoch_events(1, 8.0, phases=scenes.CPU_PHASES)
    events += [
        JobFailed(error=ErrorKind.OUT_OF_MEMORY, message="Out of memory.", remedy="Smaller batch."),
        WorkerExited(returncode=1, stopped=False, oom_killed=False, mono_s=1100.0),
    ]
    rows = card_text(run_after(events), 60)
    assert rows[0].startswith("failed · 1/10 epochs")
    assert "8.00 s cold" in rows[1]
    assert rows[2].startswith("Out of memory.")
    assert rows[3].startswith("Smaller batch.")


def test_progress_without_epochs_gives_a_first_speed() -> None:
    run = run_after(scenes.start_events(0, accelerator=False) + in_epoch(300, 4.0))
    assert isinstance(run.progress, StepProgress)
    assert "7,500 samples/s" in card_text(run, 60)[1]


def slowed_run(*slow: int) -> RunState:
    """Three epochs of 8 s, of which these had the clock held for 6 s."""
    events = scenes.start_events(0, accelerator=True)
    for number in (1, 2, 3):
        events += scenes.epoch_events(number, 8.0, phases=scenes.GPU_PHASES)
        machine = EpochMachine(
            looks=8,
            sm_clock_mhz=1410.0,
            sm_clock_max_mhz=1980.0,
            clock_limit_s={"hw-thermal": 6.0 if number in slow else 0.0},
        )
        events.append(EpochObserved(epoch=number, machine=machine))
    return run_after(events)


def test_a_card_says_which_epoch_heat_or_power_slowed() -> None:
    assert not any("slowed" in row for row in card_text(slowed_run(), 60, 9))
    assert card_text(slowed_run(2), 60)[2].startswith("epoch 2 slowed by hw-thermal · accuracy ")
    assert card_text(slowed_run(1, 3), 60)[2].startswith("2 epochs slowed by hw-thermal · acc")


def test_where_there_is_room_a_card_says_for_how_long_it_was_slowed() -> None:
    words = "epoch 3: slowed by hw-thermal for 6.0 of 8.0 s, clock 1,410 of 1,980 MHz"
    assert card_text(slowed_run(1, 3), 80, 6)[5].rstrip() == words
    assert len(card_text(slowed_run(1, 3), 80, 5)) == 5
