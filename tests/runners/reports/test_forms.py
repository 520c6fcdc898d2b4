from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from runners.events import JobDone
from runners.reports.figures import memory, seconds, time
from runners.reports.names import Form, ReportName
from runners.reports.render import render
from runners.spec import Order
from runners.state import ComparisonState
from tests.fakes import published
from tests.fakes.finished import FAILED, finished, one_failed
from tests.fakes.training import plan, replayed


def text(state: ComparisonState) -> str:
    return render(state, Form.TEXT)


def markdown(state: ComparisonState) -> str:
    return render(state, Form.MARKDOWN)


def html(state: ComparisonState) -> str:
    return render(state, Form.HTML)


def test_the_table_shows_cold_and_steady_apart_and_the_failed_job() -> None:
    lines = text(one_failed()).splitlines()

    assert lines[2].split()[:6] == ["job", "status", "cold", "s", "steady", "s"]
    assert lines[3].split()[:5] == ["cpu", "done", "2.00", "1.00", "1,000"]
    assert lines[4].split()[:3] == ["cuda:0", "failed", "0/3"]
    (failure,) = (line for line in lines if line.startswith("cuda:0 failed: There is no"))
    assert failure.endswith("Use --devices cpu.")


def test_a_run_cut_short_has_no_total_and_tells_how_many_epochs_it_did() -> None:
    whole, stopped = finished(9.0, 2.0, 2.0), finished(9.0, 2.0)[:-2]
    stopped.append(JobDone(interrupted=True, dropped_events=0))
    lines = text(replayed(plan("cpu", "mps", trials=2), whole, stopped, whole, whole))
    cpu, mps = lines.splitlines()[3:5]

    assert "  done  " in cpu
    assert "13.0" in cpu
    assert "mixed 5/6" in mps
    assert "13.0" in mps


def test_only_runs_cut_short_give_no_total() -> None:
    stopped = [*finished(9.0, 2.0)[:-2], JobDone(interrupted=True, dropped_events=0)]
    row = text(replayed(plan("cpu"), stopped)).splitlines()[3]

    assert row.split()[:5] == ["cpu", "stopped", "2/3", "9.00", "2.00"]
    assert row.split()[-2:] == ["n/a", "n/a"]


def test_a_table_too_wide_for_100_columns_goes_on_below_itself() -> None:
    labels = [f"cuda:{n} as-written batch 512 bf16 16 workers {'x' * 60}" for n in range(2)]
    tables = text(replayed(plan(*labels), finished(12345.6, 1234.5), finished(1.0, 1.0)))
    blocks = tables.split("\n\n")[1:3]

    assert max(len(line) for block in blocks for line in block.splitlines()) <= 100
    assert "1,234" in blocks[0]
    assert blocks[0].splitlines()[1].startswith("job ")
    assert blocks[1].splitlines()[0].startswith("job ")
    assert blocks[1].splitlines()[0].endswith("peak")
    assert [row[:6] for block in blocks for row in block.splitlines()[-2:]] == [
        "cuda:0", "cuda:1", "cuda:0", "cuda:1"
    ]  # fmt: skip


def test_the_layers_of_two_jobs_are_one_table_their_columns_named_in_several_lines() -> None:
    state = replayed(
        plan("cpu as-written", "cpu tuned"), *[[*published.mnist_run()] for _ in range(2)]
    )
    said = render(state, Form.TEXT, ReportName.METRICS)
    block = said.split("\n\n")[3].splitlines()

    assert said.count("layer  class") == 1
    assert block[0].split() == ["cpu", "as-written", "cpu", "as-written", "cpu", "tuned", "warm,"]
    assert block[1].split()[:4] == ["layer", "class", "cold", "warm"]
    assert block[2].split() == ["0", "Conv2d", "181", "0.500", "181", "0.500", "1.00x"]
    assert len({len(line) for line in block}) == 1


def test_the_terminal_gets_no_control_characters() -> None:
    assert "\x1b" not in text(one_failed())


def test_trials_show_as_medians_with_their_spread() -> None:
    runs = [finished(9.0, s) for s in (1.0, 3.0, 2.0)]
    said = text(replayed(plan("cpu", trials=3), *runs))

    assert "medians of 3 trials" in said
    assert "cpu: steady epochs 1.00 to 3.00 s over 3 trials." in said


def test_the_trials_lie_between_the_fastest_and_the_slowest_however_many() -> None:
    runs = [finished(9.0, s) for s in (1.0, 2.0, 2.1, 2.2, 7.0)]
    said = text(replayed(plan("cpu", trials=5), *runs))

    assert "cpu: steady epochs 1.00 to 7.00 s over 5 trials." in said


def test_trials_that_took_the_same_are_told_once() -> None:
    said = text(replayed(plan("cpu", trials=3), *[finished(9.0, 0.1782)] * 3))

    assert "cpu: steady epochs 0.178 s over 3 trials." in said


def said_of_trials(*counts: int, asked: int) -> list[str]:
    """The title and the line `trials` of jobs of which so many trials have figures."""
    of = plan(*(f"cpu {n}" for n in range(len(counts))), order=Order.IN_TURN, trials=asked)
    runs = [finished(9.0, 1.0) if t < n else [] for t in range(asked) for n in counts]
    lines = text(replayed(of, *runs)).splitlines()
    return [lines[0], *(line for line in lines if line.startswith("trials "))]


def test_trials_are_counted_that_have_figures_not_those_asked_for() -> None:
    assert said_of_trials(3, 3, asked=3) == [
        "mlp - MNIST (generated), 1,000 training samples - one at a time - medians of 3 trials",
        "trials    3 of each job, in fresh processes",
    ]
    title, trials = said_of_trials(5, 3, asked=5)
    assert title.endswith("medians of up to 5 trials")
    assert trials == "trials    3 to 5 of each job, in fresh processes"
    chance = "so small differences may be chance"
    single = f"trials    a single run of each job: no interval, {chance}"
    assert [said_of_trials(*counts, asked=5)[1] for counts in ((2, 2), (2, 4), (1, 1))] == [
        f"trials    2 of each job, of 5 asked for, in fresh processes: no interval, {chance}",
        "trials    2 to 4 of each job, of 5 asked for, in fresh processes: "
        f"no interval with fewer than 3, {chance}",
        single,
    ]
    assert said_of_trials(1, asked=1)[1] == single


def test_markdown_escapes_what_would_break_the_table() -> None:
    said = markdown(one_failed())

    assert "| cpu | done | 2.00 | 1.00 |" in said
    assert "no \\<b\\>CUDA\\</b\\> \\| here" in said


def test_markdown_shows_text_that_is_not_ours_as_it_is() -> None:
    said = markdown(replayed(plan("cpu &lt;b&gt; ~~no~~ $x$"), finished(2.0, 1.0)))

    assert "| cpu \\&lt;b\\&gt; \\~\\~no\\~\\~ \\$x\\$ |" in said


def page(state: ComparisonState) -> ElementTree.Element:
    """The root of the page, which any XML parser reads."""
    return ElementTree.fromstring(html(state).removeprefix("<!DOCTYPE html>\n"))


SVG = "{http://www.w3.org/2000/svg}"


def test_html_is_one_well_formed_file_with_a_chart() -> None:
    root = page(one_failed())

    assert "<b>" not in html(one_failed())
    assert len(root.findall(f".//{SVG}circle")) == 2 + 2
    assert len(root.findall(".//table")) == 2
    assert len(root.findall(".//tbody")[0].findall("tr")) == 2
    links = [*root.iter("link"), *root.iter("script"), *root.iter("img"), *root.iter("a")]
    assert links == []


def test_html_has_the_charts_of_a_sweep_and_of_a_ladder() -> None:
    titles = [h.text for h in page(published.batches()).iter("h2")]
    assert titles[0] == "Seconds per epoch by batch size, with the spread over epochs"

    titles = [h.text for h in page(published.model_sizes()).iter("h2")]
    assert "Times as fast by MFLOP a step; above the line the other is faster" in titles


def test_each_form_of_each_published_comparison_names_the_conditions() -> None:
    for state in (published.batches(), published.calls(), published.mnist()):
        for form in (Form.TEXT, Form.MARKDOWN, Form.HTML):
            said = render(state, form, machine={"host": {"hostname": "gpu-box"}})
            for part in ("gpu-box", "torch 2.15", "Adam lr 0.001", "(real)", "one at a time"):
                assert part in said


def test_markdown_tables_have_as_many_cells_in_each_row() -> None:
    for line_of in (published.batches, published.calls, published.mnist, published.model_sizes):
        blocks = [b for b in markdown(line_of()).split("\n\n") if b.startswith("| ")]
        assert blocks
        for block in blocks:
            assert len({row.count(" | ") for row in block.splitlines()}) == 1


def test_html_without_an_epoch_says_so() -> None:
    assert "nothing was finished" in html(replayed(plan("cuda:0"), FAILED))


def test_figures_keep_three_digits() -> None:
    told = {0.1234: "0.123", 1.234: "1.23", 12.34: "12.3", 1234.5: "1,234", None: "n/a"}
    told |= {0.9996: "1.00", 9.996: "10.0", 99.96: "100", -14.33: "-14.3"}
    assert {value: seconds(value) for value in told} == told
    times = {0.0041: "4.10 ms", 0.01: "0.010 s", 9.3: "9.30 s", 811.0: "811 s (13.5 min)"}
    assert {value: time(value) for value in times} == times
    assert [memory(v) for v in (2**20, 3 * 2**29, None)] == ["1 MiB", "1.50 GiB", "n/a"]


def test_a_batch_size_that_was_asked_for_is_no_choice_of_ours() -> None:
    def said(batch_size: int) -> str:
        (job,) = plan("cpu").jobs
        job = replace(job, settings=replace(job.settings, workload="mlp", batch_size=batch_size))
        return text(replayed(replace(plan("cpu"), jobs=(job,)), finished(9.0, 1.0)))

    assert "chosen here: batch 64, learning rate 0.01" in said(64)
    assert "chosen here: learning rate 0.01" in said(32)
