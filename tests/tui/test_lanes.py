import itertools

from sensors.clock_limits import clock_limits
from sensors.gpu_readings import DriverReading, GpuReading, NvmlState
from sensors.readings import HostReading, Reading
from tui.history.lanes import CurveLane, LimitLane
from tui.history.quantities import QUANTITIES
from tui.history.recording import HOST, Recording
from tui.history.time_window import TimeWindow, window_up_to

READ = next(quantity for quantity in QUANTITIES if quantity.name == "host.disk-read")
CELLS = 20


def add(recording: Recording, second: int, bytes_per_s: float) -> TimeWindow:
    recording.add(
        Reading(
            taken_at_s=float(second),
            wall_time_s=float(second),
            took_s=0.0,
            host=HostReading(hostname="h", system="s", disk_read_bytes_per_s=bytes_per_s),
            driver=DriverReading(state=NvmlState.OK),
        )
    )
    return window_up_to(float(second), CELLS, 1.0)


def test_a_curve_drawn_on_is_the_curve_drawn_at_once() -> None:
    recording = Recording()
    lane = CurveLane(recording, HOST, READ)
    for second in range(200):
        window = add(recording, second, 9e5 * abs((second * 7) % 11 - 5) / 5)
        columns = window.final(float(second))
        lane.draw(window, columns, 3)
        whole = CurveLane(recording, HOST, READ)
        whole.draw(window, columns, 3)
        assert lane.curve.texts() == whole.curve.texts()


def test_a_window_that_goes_back_is_drawn_anew() -> None:
    recording = Recording()
    lane = CurveLane(recording, HOST, READ)
    for second in range(100):
        window = add(recording, second, 1e6 if second < 50 else 0.0)
    lane.draw(window, window.final(99.0), 2)
    late = lane.curve.texts()
    early = window.with_column(20)
    lane.draw(early, early.final(99.0), 2)
    assert lane.curve.texts() != late
    lane.draw(window, window.final(99.0), 2)
    assert lane.curve.texts() == late


def test_a_scale_grows_at_once_and_shrinks_only_when_little_of_it_is_used() -> None:
    recording = Recording()
    lane = CurveLane(recording, HOST, READ)
    tops = []
    for second, rate in enumerate([3e6] * 60 + [9e6] * 60 + [4e6] * 60 + [1.5e6] * 60):
        window = add(recording, second, rate)
        lane.draw(window, window.final(float(second)), 2)
        tops.append(lane.top)
    changes = [tops[0], *(b for a, b in itertools.pairwise(tops) if a != b)]
    assert changes == [1e6, 5e6, 1e7, 2e6]
    assert tops[62:64] == [1e7, 1e7]


def test_the_most_severe_limit_of_two_columns_is_the_mark_of_their_cell() -> None:
    recording = Recording()
    for second, bits in enumerate((0x0, 0x4, 0x48, 0x4, 0x1, 0x0, 0x0, 0x0)):
        card = GpuReading(index=0, uuid="G", name="card", clock_limits=clock_limits(bits))
        recording.add(
            Reading(
                taken_at_s=float(second),
                wall_time_s=float(second),
                took_s=0.0,
                host=HostReading(hostname="h", system="s"),
                driver=DriverReading(state=NvmlState.OK),
                gpus=(card,),
            )
        )
    lane = LimitLane(recording, "G")
    lane.draw(TimeWindow(first=0, cells=4, seconds_per_column=1.0), range(8))
    assert [text for text, _ in lane.runs(4)] == ["▪", "█", "·", "─", ""]
