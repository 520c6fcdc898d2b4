"""Published comparisons, in the tables of the reports, with what follows from their figures."""

from __future__ import annotations

import re

import pytest

from runners.events import ErrorKind, JobFailed, Stage, StageFinished
from runners.process_events import WorkerExited
from runners.reports.build import build
from runners.reports.conditions import Origin
from runners.reports.names import Form, ReportName
from runners.reports.render import render
from runners.reports.report import Report
from runners.spec import Request, RunKey
from runners.state import ComparisonState, apply, spare
from runners.statistics import ratio_between
from tests.fakes import published
from tests.fakes.published import planned, trained
from tests.fakes.training import replayed


def report(state: ComparisonState, name: ReportName | None = None) -> Report:
    return build(state, name, Origin())


def cells(found: Report, table: int = 0) -> dict[tuple[str, str], str]:
    """The cells of a table by the first cell of their row and the name of their column."""
    shown = found.tables[table]
    return {
        (row[0], name): cell
        for row in shown.rows
        for name, cell in zip(shown.header, row, strict=True)
    }


def test_the_twenty_rows_of_an_mnist_comparison() -> None:
    found = cells(report(published.mnist()))
    measures = {
        "total training time": ("811 s (13.5 min)", "36.0 s", "22.5x"),
        "average epoch": ("162 s (2.7 min)", "7.19 s", "22.5x"),
        "training speed, samples/s": ("370", "8,340", "22.5x"),
        "first epoch (cold)": ("162 s (2.7 min)", "22.0 s", "7.37x"),
        "later epochs (steady)": ("162 s (2.7 min)", "3.50 s", "46.3x"),
        "evaluation speed, samples/s": ("1,433", "4,464", "3.12x"),
        "evaluation time": ("6.98 s", "2.24 s", "3.12x"),
        "single-sample latency, ms": ("91.3 ± 23.9", "62.6 ± 7.9", "1.46x"),
        "data loading": ("0.470 s", "0.470 s", "1.00x"),
        "layer 0 (Conv2d), cold ms": ("14.4", "181", "0.08x (slower)"),
        "layer 0 (Conv2d), warm ms": ("12.0", "0.500", "24.0x"),
        "test accuracy": ("99.31 % ± 0.16", "99.25 % ± 0.17", "no difference"),
        "time saved a run": ("", "775 s (12.9 min)", ""),
        "energy an epoch": ("n/a", "n/a", ""),
    }
    for name, expected in measures.items():
        assert tuple(found[name, column] for column in ("cpu", "cuda:0", "ratio")) == expected


def test_memory_is_told_three_ways_and_never_compared_between_kinds_of_devices() -> None:
    found = cells(report(published.mnist()))
    names = (
        "peak memory (RSS on a CPU)",
        "peak memory torch holds (GPU)",
        "peak memory in use (GPU)",
    )

    assert [found[name, "cuda:0"] for name in names] == ["1.00 GiB", "2.00 GiB", "3.00 GiB"]
    assert [found[name, "cpu"] for name in names] == ["1.00 GiB", "n/a", "n/a"]
    assert [found[name, "ratio"] for name in names] == ["", "", ""]


def test_the_layers_have_a_table_of_their_own_cold_and_warm() -> None:
    found = report(published.mnist())

    assert found.tables[1].caption == "Layers, ms of a forward pass of one sample"
    assert [row[0] for row in found.tables[1].rows] == ["0", "1"]
    assert cells(found, 1)["1", "cpu warm"] == "0.600"


def test_calls_on_one_batch_have_no_rows_of_a_test_that_there_is_not() -> None:
    names = [row[0] for row in report(published.calls(), ReportName.METRICS).tables[0].rows]

    assert names[:2] == ["total training time", "average call"]
    assert not any(word in name for name in names for word in ("evaluation", "latency", "test"))


def test_over_trials_each_measure_has_its_interval() -> None:
    found = cells(report(published.calls(), ReportName.METRICS))

    assert found["first call (cold)", "ratio"] == "1.50x (1.50x to 1.51x)"
    assert found["later calls (steady)", "ratio"] == "52.2x (52.1x to 52.4x)"
    assert found["data loading", "ratio"] == "no difference (1.00x to 1.00x)"


def test_what_may_be_chance_saves_no_time_and_makes_no_batch_size_the_fastest() -> None:
    def compared(axis: Request, *times_s: float) -> ComparisonState:
        runs = [trained("d", (t, t, t), samples=640, batch_size=64) for t in times_s]
        return replayed(planned(axis, trials=3), *runs)

    chance, sure = (1.0, 0.9, 0.8, 0.85, 1.1, 1.2), (1.0, 0.5, 1.1, 0.5, 1.0, 0.6)
    devices = Request(workloads=("mlp",), devices=("cpu", "mps"))
    sizes = Request(workloads=("mlp",), batch_sizes=(64, 128))
    found = [report(compared(devices, *s), ReportName.METRICS) for s in (chance, sure)]
    saved = [cells(each)["time saved a run", "mps"] for each in found]
    notes = [report(compared(sizes, *s)).tables[0].rows[1][-1] for s in (chance, sure)]

    assert saved == ["no difference", "1.50 s"]
    assert notes == ["", "fastest"]


def test_accuracies_beyond_noise_are_told_in_points() -> None:
    request = Request(workloads=("mlp",), devices=("cpu", "cuda:0"))
    runs = [
        trained("d", (1.0,), samples=100, batch_size=64, eval_s=1.0, accuracy=share)
        for share in (0.90, 0.95)
    ]
    found = cells(report(replayed(planned(request), *runs), ReportName.METRICS))

    assert found["test accuracy", "ratio"] == "5.00 points more"


def test_steps_are_split_into_phases_that_add_up() -> None:
    table = report(published.mnist(), ReportName.JOBS).tables[1]
    cuda = dict(zip(table.header, table.rows[1], strict=True))
    parts = ("data wait", "forward", "backward", "optimizer", "rest")

    assert cuda["to device"] == "n/a"
    assert sum(float(cuda[part]) for part in parts) == pytest.approx(float(cuda["step"]), abs=0.02)


def test_twelve_calls_and_what_follows_from_them() -> None:
    found = report(published.calls())
    first = found.tables[0]
    derived = cells(found, 1)

    assert first.caption.endswith("steady figures leave out the first 2 calls of a run")
    assert first.rows[0] == (
        "cpu", "1", "48.27 / 23.04", "34.43 / 9.370", "34.32 / 9.320", "34.32 / 9.280"
    )  # fmt: skip
    assert len(first.rows) == 6
    assert derived["steady call, wall s", "cpu"] == "9.300"
    assert derived["first-call extra, s", "cpu"] == "13.8"
    assert derived["first-call extra, s", "cuda:0"] == "15.2"
    assert float(derived["cores busy (process / wall)", "cpu"]) == pytest.approx(3.68, abs=0.02)
    assert derived["cores busy (process / wall)", "cuda:0"] == "1.03"
    assert derived["achieved", "cpu"] == "92.2 GFLOP/s"
    assert derived["achieved", "cuda:0"] == "4.82 TFLOP/s"
    assert derived["times as fast as the first", "cuda:0"] == "52.2x (52.1x to 52.4x)"


def test_of_many_calls_the_first_and_the_last_are_shown() -> None:
    request = Request(workloads=("matmul",))
    run = trained("d", (1.0,) * 20, samples=1, batch_size=1)
    table = report(replayed(planned(request), run), ReportName.CALLS).tables[0]

    assert table.header[2:] == ("call 1", "call 2", "call 3", "call 4", "call 5", "call 20")


def test_the_four_columns_of_a_readme_are_filled() -> None:
    lines = render(published.mnist(), Form.MARKDOWN, ReportName.SUMMARY).splitlines()

    assert lines[2:6] == [
        "| Device | Epochs | Total Training Time | Accuracy |",
        "| --- | ---: | ---: | ---: |",
        "| cpu (A CPU) | 5 | 811 s (13.5 min) | 99.31 % ± 0.16 |",
        "| cuda:0 (A GPU) | 5 | 36.0 s | 99.25 % ± 0.17 |",
    ]


def test_batch_sizes_with_relative_speed_fit_and_the_row_of_the_cpu() -> None:
    found = report(published.batches())
    rows = [dict(zip(found.tables[0].header, row, strict=True)) for row in found.tables[0].rows]

    assert [row["epoch s"] for row in rows] == ["415", "42.8", "34.5", "29.0", "24.2", "23.8"]
    assert [row["relative"] for row in rows[1:]] == ["0.68x", "0.84x", "1.00x", "1.20x", "1.22x"]
    assert [row["fit s"] for row in rows] == ["n/a", "43.5", "33.2", "28.0", "25.4", "24.1"]
    assert [rows[n]["vs cpu 64"] for n in (0, 3, 5)] == ["1.00x", "14.3x", "17.4x"]
    assert [rows[n]["note"] for n in (3, 5)] == ["baseline, cold", "fastest, cold"]
    assert any(re.search(r"22\.8 s \+ 6\.8?9 ms a step", remark) for remark in found.remarks)


def test_the_epoch_with_its_test_is_a_median_as_the_epoch_is() -> None:
    request = Request(workloads=("mlp",), batch_sizes=(64, 128))
    runs = [
        trained("d", (9.0, time_s), samples=128, batch_size=64, eval_s=0.5)
        for time_s in (1.0, 1.0, 1.1, 1.1, 60.0, 60.0)
    ]
    table = report(replayed(planned(request, trials=3), *runs)).tables[0]
    row = dict(zip(table.header, table.rows[0], strict=True))

    assert row["epoch s"].startswith("1.10 ")
    assert row["with test"] == "1.60"


def test_batch_sizes_stand_in_their_order_wherever_the_baseline_runs() -> None:
    request = Request(workloads=("mlp",), baseline="cpu", batch_sizes=(128, 32, 64))
    state = planned(request)
    runs = [trained("d", (1.0, 1.0), samples=128, batch_size=64) for _ in state.jobs]
    table = report(replayed(state, *runs)).tables[0]

    assert [row[0] for row in table.rows] == ["32", "64", "128"]


def test_the_command_below_a_report_that_was_asked_for_prints_that_report() -> None:
    origin = Origin(request=Request(workloads=("mlp",), devices=("cpu",)))
    asked, fitting = (
        dict(build(published.mnist(), name, origin).conditions)["command"]
        for name in (ReportName.SUMMARY, None)
    )

    assert asked == "racetop compare mlp --devices cpu --report summary"
    assert fitting == "racetop compare mlp --devices cpu"


def test_a_cell_out_of_memory_is_a_row_and_one_spared_in_part_is_done() -> None:
    request = Request(workloads=("mlp",), batch_sizes=(64, 512))
    run = trained("d", (2.0, 1.0), samples=1024, batch_size=64, eval_s=0.5)
    state = replayed(planned(request, trials=2), run)
    failed = JobFailed(error=ErrorKind.OUT_OF_MEMORY, message="Out of memory.")
    state = apply(state, RunKey(job=1, trial=0), failed)
    gone = WorkerExited(returncode=1, stopped=False, oom_killed=False, mono_s=1.0)
    state = apply(state, RunKey(job=1, trial=0), gone)
    state = spare(state, [RunKey(job=j, trial=1) for j in (0, 1)], "known well enough")
    table = report(state).tables[0]
    done, short = (dict(zip(table.header, row, strict=True)) for row in table.rows)

    assert (done["trials"], done["note"], done["with test"]) == ("1", "baseline", "1.50")
    assert (short["epoch s"], short["relative"]) == ("n/a", "n/a")
    assert (short["trials"], short["note"]) == ("0 of 1", "out of memory 0/5")


def test_a_ladder_of_models_has_its_speed_ups_and_their_geometric_mean() -> None:
    found = cells(report(published.model_sizes()))
    speed_ups = [found[name, "speed-up"] for name in published.MODEL_SIZES]

    assert speed_ups == ["1.18x", "4.00x", "10.0x", "15.0x", "15.0x"]
    assert found["geometric mean", "speed-up"] == "6.38x"
    assert found["fashion-cnn", "parameters"] == "36,758"
    assert found["fashion-cnn", "MFLOP a step"] == "147"


def test_few_epochs_do_not_make_up_for_the_set_up() -> None:
    request = Request(workloads=("fashion-cnn",), devices=("cpu", "mps"), epochs=(1, 20))
    runs = []
    for epoch_s, import_s in ((7.3, 1.0), (6.2, 5.0)):
        for epochs in (1, 20):
            start = StageFinished(stage=Stage.IMPORT, took_s=import_s)
            run = trained("d", (epoch_s,) * epochs, samples=60_000, batch_size=100)
            runs.append([start, *run])
    found = report(replayed(planned(request), *runs))

    whole = cells(found, 1)
    assert [row[0] for row in found.tables[0].rows] == ["1 epoch", "20 epochs"]
    assert whole["1 epoch", "speed-up"] == "0.79x"
    assert whole["20 epochs", "speed-up"] == "1.14x"
    assert cells(found)["20 epochs", "speed-up"] == "1.18x"


def test_a_ladder_of_micro_tasks_has_no_whole_runs() -> None:
    request = Request(workloads=("matmul", "resize"), devices=("cpu", "mps"))
    runs = [
        trained("d", (time_s,) * 3, samples=n, batch_size=n)
        for n, times_s in ((1, (30.0, 4.0)), (100, (45.0, 8.0)))
        for time_s in times_s
    ]
    state = replayed(planned(request), *runs)
    found = report(state)

    assert len(found.tables) == 1
    assert dict(found.conditions)["data"].endswith("random numbers for the tasks without training")
    assert cells(found)["matmul", "speed-up"] == "7.50x"
    assert cells(found)["resize", "MFLOP a step"] == "n/a"
    assert cells(found)["resize", "parameters"] == "none"
    assert ratio_between(state, 0, 1) is not None
