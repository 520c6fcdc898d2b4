from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree

from runners.events import (
    DeviceReady,
    ErrorKind,
    Event,
    JobDone,
    JobFailed,
    LatencyMeasured,
    Stage,
    StageFinished,
)
from runners.process_events import WorkerExited
from runners.reports.document import CSV_COLUMNS, to_csv, to_json
from runners.reports.html import to_html
from runners.reports.table import memory, seconds, to_markdown, to_text
from runners.state import ComparisonState
from tests.fakes.training import epoch, finished_run, plan, replayed

FAILED: list[Event] = [
    JobFailed(
        error=ErrorKind.DEVICE_MISSING,
        message="There is no <b>CUDA</b> | here\x1b[31m.",
        remedy="Use --devices cpu.",
    ),
    WorkerExited(returncode=1, stopped=False, oom_killed=False, mono_s=1.0),
]


def finished(*epochs_s: float) -> list[Event]:
    first, *rest = finished_run(*epochs_s)
    return [
        first,
        StageFinished(stage=Stage.IMPORT, took_s=1.25),
        DeviceReady(device_name="A CPU", versions={"torch": "2.15"}, threads=2),
        LatencyMeasured(latencies_ms=(1.0, 3.0)),
        *rest,
    ]


def one_failed() -> ComparisonState:
    return replayed(plan("cpu", "cuda:0"), finished(2.0, 1.0), FAILED)


def test_json_has_the_keys_of_its_schema() -> None:
    report = to_json(one_failed(), {"host": {}})

    assert report["schema"] == "racetop.comparison/1"
    assert {"workload", "order", "data", "jobs", "ratios", "machine", "versions"} <= report.keys()
    done = report["jobs"][0]
    assert {"label", "device", "variant", "batch_size", "status", "error", "trial"} <= done.keys()
    assert done["setup"].keys() >= {
        "import_s", "device_init_s", "data_load_s", "preprocess_s", "model_build_s"
    }  # fmt: skip
    assert done["inference"].keys() == {"eval_s", "samples_per_s", "latency_ms"}
    assert done["inference"]["latency_ms"].keys() == {"mean", "std", "p50", "p95"}
    assert done["epochs"][0].keys() >= {
        "epoch", "epoch_s", "process_s", "samples", "samples_per_s", "train_loss", "phases"
    }  # fmt: skip
    assert done["epochs"][0]["phases"].keys() == {
        "data_wait_s", "host_to_device_s", "forward_s", "backward_s", "optimizer_s", "residual_s"
    }  # fmt: skip


def test_json_holds_the_figures() -> None:
    report = to_json(one_failed(), None)
    done = report["jobs"][0]

    assert done["total_s"] == 3.0
    assert done["cold_epoch_s"] == 2.0
    assert done["steady_epoch_s"] == 1.0
    assert done["test_accuracy"] == 0.9
    assert done["setup"]["import_s"] == 1.25
    assert done["epochs"][0]["phases"]["residual_s"] == 1.0
    assert done["epochs"][0]["process_s"] is None
    assert done["inference"]["latency_ms"]["mean"] == 2.0
    assert report["data"]["source"] == "generated"
    assert report["versions"]["torch"] == "2.15"


def test_json_tells_why_a_job_failed() -> None:
    failed = to_json(one_failed(), None)["jobs"][1]

    assert failed["status"] == "failed"
    assert failed["error"]["kind"] == "device-missing"
    assert failed["error"]["remedy"] == "Use --devices cpu."
    assert failed["epochs"] == []
    assert failed["steady_epoch_s"] is None


def test_json_has_an_entry_for_each_trial_and_the_ratio_of_all() -> None:
    runs = [finished(9.0, 2.0), finished(9.0, 1.0)] * 3
    report = to_json(replayed(plan("cpu", "mps", trials=3), *runs), None)

    assert [(j["label"], j["trial"]) for j in report["jobs"]] == [
        ("cpu", 1), ("mps", 1), ("cpu", 2), ("mps", 2), ("cpu", 3), ("mps", 3)
    ]  # fmt: skip
    assert report["ratios"] == [
        {
            "baseline": "cpu",
            "job": "mps",
            "steady": 2.0,
            "total": 1.1,
            "low": 2.0,
            "high": 2.0,
            "label": "side by side, 3 trials",
        }
    ]


def test_a_loss_that_is_no_number_is_null() -> None:
    state = replayed(plan("cpu"), [epoch(1, 1.0, train_loss=float("nan"))])
    report = to_json(state, {"odd": float("inf")})

    assert report["jobs"][0]["epochs"][0]["train_loss"] is None
    json.dumps(report, allow_nan=False)


def test_csv_has_a_row_for_each_epoch() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(one_failed()))))

    assert list(rows[0]) == list(CSV_COLUMNS)
    assert [(r["label"], r["epoch"], r["epoch_s"]) for r in rows] == [
        ("cpu", "1", "2.0"),
        ("cpu", "2", "1.0"),
    ]
    assert rows[0]["process_s"] == ""


def test_the_table_shows_cold_and_steady_apart_and_the_failed_job() -> None:
    lines = to_text(one_failed()).splitlines()

    assert lines[2].split()[:6] == ["job", "status", "cold", "s", "steady", "s"]
    assert lines[3].split()[:5] == ["cpu", "done", "2.00", "1.00", "1,000"]
    assert lines[4].split()[:3] == ["cuda:0", "failed", "0/3"]
    assert any(line.startswith("cuda:0 failed: There is no") for line in lines)
    assert lines[-1].endswith("Use --devices cpu.")


def test_a_run_cut_short_has_no_total_and_tells_how_many_epochs_it_did() -> None:
    whole, stopped = finished(9.0, 2.0, 2.0), finished(9.0, 2.0)[:-2]
    stopped.append(JobDone(interrupted=True, dropped_events=0))
    lines = to_text(replayed(plan("cpu", "mps", trials=2), whole, stopped, whole, whole))
    cpu, mps = lines.splitlines()[3:5]

    assert "  done  " in cpu
    assert "13.0" in cpu
    assert "mixed 5/6" in mps
    assert "13.0" in mps


def test_only_runs_cut_short_give_no_total() -> None:
    stopped = [*finished(9.0, 2.0)[:-2], JobDone(interrupted=True, dropped_events=0)]
    row = to_text(replayed(plan("cpu"), stopped)).splitlines()[3]

    assert row.split()[:5] == ["cpu", "stopped", "2/3", "9.00", "2.00"]
    assert row.split()[-2:] == ["n/a", "n/a"]


def test_the_table_fits_100_columns_whatever_the_labels() -> None:
    labels = [f"cuda:{n} as-written batch 512 bf16 16 workers {'x' * 60}" for n in range(2)]
    state = replayed(plan(*labels), finished(12345.6, 1234.5), finished(1.0, 1.0))
    lines = to_text(state).splitlines()

    assert max(map(len, lines[2:5])) <= 100
    assert len({len(line) for line in lines[2:5]}) == 1


def test_the_terminal_gets_no_control_characters() -> None:
    assert "\x1b" not in to_text(one_failed())


def test_trials_show_as_medians_with_their_spread() -> None:
    runs = [finished(9.0, s) for s in (1.0, 3.0, 2.0)]
    text = to_text(replayed(plan("cpu", trials=3), *runs))

    assert "medians of 3 trials" in text
    assert "cpu: steady epochs 1.00 to 3.00 s over 3 trials." in text


def test_markdown_escapes_what_would_break_the_table() -> None:
    text = to_markdown(one_failed())

    assert "| cpu | done | 2.00 | 1.00 |" in text
    assert "no \\<b\\>CUDA\\</b\\> \\| here" in text


def test_html_is_one_well_formed_file_with_a_chart() -> None:
    page = to_html(one_failed())
    root = ElementTree.fromstring(
        page.split("\n", 1)[1]
        .replace('<meta charset="utf-8">', "")
        .replace('<meta name="viewport" content="width=device-width, initial-scale=1">', "")
    )

    assert "<b>" not in page
    assert len(root.findall(".//svg/circle")) == 2 + 2 * 2
    assert len(root.findall(".//tbody/tr")) == 2
    assert "http" not in page


def test_html_without_an_epoch_says_so() -> None:
    assert "No epoch was finished." in to_html(replayed(plan("cuda:0"), FAILED))


def test_figures_keep_three_digits() -> None:
    assert [seconds(v) for v in (0.1234, 1.234, 12.34, 1234.5, None)] == [
        "0.123",
        "1.23",
        "12.3",
        "1,234",
        "n/a",
    ]
    assert [memory(v) for v in (2**20, 3 * 2**29, None)] == ["1 MiB", "1.50 GiB", "n/a"]
