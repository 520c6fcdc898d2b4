"""The picture of the pipeline, row by row."""

from dataclasses import replace

from runners.diagnosis.records import Diagnosis, Figure, Part
from runners.events import Event, StepProgress
from runners.spec import JobSpec
from runners.state import ComparisonState, RunState, apply_to_run
from runners.workloads import Variant
from tests.fakes.diagnoses import WHOLE, diagnosed, diagnosis
from tests.fakes.history_pane import PALETTE, texts
from tests.fakes.training import epoch, finished_run, settings
from tui.finding import Finding
from tui.widgets.time.parts import MEASURED_BY, NO_COPIES, NOT_COPIED, Flow, flow_of, parts_seen
from tui.widgets.time.pipeline import PipelinePane

ON_CPU = JobSpec(label="cpu", settings=settings(device="cpu"))


def state() -> ComparisonState:
    found = diagnosed().state
    assert found is not None
    return found


def finding(found: Diagnosis | None = None) -> Finding:
    return Finding(job=WHOLE, runs=state(), diagnosis=found or diagnosis())


def run_of(*events: Event) -> RunState:
    run = RunState()
    for event in events:
        run = apply_to_run(run, event)
    return run


def rows(width: int, *, run: RunState | None = None, found: Finding | None = None) -> list[str]:
    pane = PipelinePane()
    pane.show("pipeline", WHOLE, run or run_of(*finished_run(0.5, 0.25)), found)
    return texts(pane.lines(PALETTE, width, 20), width)


def test_wide_the_parts_are_boxes_and_the_narrow_one_is_drawn_heavier_and_named() -> None:
    top, capacity, remark, use, bottom, *_ = rows(116, found=finding())
    assert top.startswith("┏━ LOADER ◀ narrow ━")
    assert "┌─ TRANSFER ─" in top
    assert "┌─ COMPUTE ─" in top
    assert "┃ 5,000 samples/s " in capacity
    assert "4,000/s" in capacity
    assert "4,900 to 5,100" in remark
    assert remark.count("━▶") == 2
    assert " 80 % in use" in use
    assert " 40 % in use" in use
    assert use.count("as it is") == 2
    assert bottom.startswith("┗━")


def test_wide_and_narrow_every_row_is_whole() -> None:
    for width in (156, 116, 100, 99, 76, 36):
        assert {len(row) for row in rows(width, found=finding())} == {width}
        assert not [row for row in rows(width, found=finding())[:-2] if row.endswith("…")]


def test_below_a_hundred_cells_each_part_has_a_row() -> None:
    loader, transfer, compute, flow, *_ = rows(76, found=finding())
    assert loader.startswith("loader ◀ narrow          5,000/s ·  80 % in use · 4,900 to 5,100")
    assert transfer.startswith("transfer               400,000/s ·   1 % in use")
    assert compute.startswith("compute                 10,000/s ·  40 % in use")
    assert flow.startswith("flow                     4,000/s · as it is")


def test_its_height_does_not_depend_on_what_is_known() -> None:
    for width in (116, 76):
        heights = {
            len(rows(width)),
            len(rows(width, run=RunState())),
            len(rows(width, found=finding())),
        }
        assert len(heights) == 1


def test_without_a_diagnosis_the_flow_is_the_race_s_own_and_capacities_are_still_to_measure() -> (
    None
):
    _, capacity, remark, use, *_ = rows(116)
    assert capacity.count("n/a") == 3
    assert remark.count(MEASURED_BY) == 3
    assert capacity.count("4,000/s") == 2
    assert use.count("steady") == 2


def test_with_nothing_known_no_number_flows() -> None:
    pane = PipelinePane()
    text = "\n".join(texts(pane.lines(PALETTE, 116, 20), 116))
    assert "/s" not in text
    assert text.count("n/a") == 3


def test_the_flow_is_that_of_the_epoch_under_way_once_it_has_a_pace() -> None:
    young = StepProgress(epoch=2, step=1, steps=10, samples=100, elapsed_s=0.2)
    paced = replace(young, samples=600, elapsed_s=1.5)
    run = run_of(epoch(1, 0.5))
    assert flow_of(replace(run, progress=young)) == Flow(samples_per_s=2000.0, of="cold")
    assert flow_of(replace(run, progress=paced)) == Flow(samples_per_s=400.0, of="now")
    over = run_of(*finished_run(0.5, 0.25))
    assert flow_of(over) == Flow(samples_per_s=4000.0, of="steady")
    assert flow_of(RunState()).samples_per_s is None


def test_what_has_no_copies_says_why() -> None:
    def transfer(spec: JobSpec) -> str:
        return parts_seen(spec, None)[1].remark

    tuned = replace(WHOLE, settings=replace(WHOLE.settings, variant=Variant.TUNED))
    assert transfer(ON_CPU) == NO_COPIES
    assert transfer(tuned) == NOT_COPIED
    assert transfer(WHOLE) == MEASURED_BY


def test_a_part_whose_run_was_left_out_is_not_measured_and_before_it_waits() -> None:
    without = replace(diagnosis(), capacities=())
    found = finding(without)
    assert [part.remark for part in parts_seen(WHOLE, found)] == ["not measured"] * 3
    first = replace(found, runs=None, diagnosis=None, is_under_way=True)
    assert [part.remark for part in parts_seen(WHOLE, first)] == ["waits for its turn"] * 3


def test_bytes_a_second_come_of_what_was_copied() -> None:
    copied = epoch(2, 0.25, copied_bytes=3_000_000)
    before = state()
    key = next(iter(before.runs))
    runs = {**before.runs, key: replace(before.runs[key], epochs=(copied,))}
    found = replace(finding(), runs=replace(before, runs=runs))
    transfer = parts_seen(WHOLE, found)[1]
    assert transfer.bytes_per_s == 400_000.0 * 3_000
    assert "1.20 GB/s · 390,000 to 410,000" in rows(156, found=found)[2]
    assert parts_seen(WHOLE, finding())[1].bytes_per_s is None


def test_more_than_all_of_a_capacity_is_not_in_use() -> None:
    def in_use(flow: Figure) -> float | None:
        return parts_seen(WHOLE, finding(replace(diagnosis(), samples_per_s=flow)))[0].in_use

    assert in_use(Figure(value=5200.0, low=5000.0, high=5400.0)) == 1.0
    assert in_use(Figure(value=5200.0, low=5150.0, high=5400.0)) is None
    assert in_use(Figure(value=5200.0)) is None


def test_where_nothing_limits_nothing_is_lit() -> None:
    parts = parts_seen(WHOLE, finding(replace(diagnosis(), narrow=None)))
    assert not any(part.is_narrow for part in parts)
    assert [part.part for part in parts] == list(Part)
