from __future__ import annotations

import csv
import io
import json

from runners.events import LoaderUse, StepTimes
from runners.reports.conditions import Origin
from runners.reports.document import to_json
from runners.reports.rows import COLUMNS, to_csv
from runners.spec import Request, RunKey
from runners.state import spare
from tests.fakes import published
from tests.fakes.finished import finished, one_failed
from tests.fakes.training import epoch, plan, replayed


def test_json_has_the_keys_of_its_schema() -> None:
    report = to_json(one_failed(), Origin(machine={"host": {}}))

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
    report = to_json(one_failed())
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
    failed = to_json(one_failed())["jobs"][1]

    assert failed["status"] == "failed"
    assert failed["error"]["kind"] == "device-missing"
    assert failed["error"]["remedy"] == "Use --devices cpu."
    assert failed["epochs"] == []
    assert failed["steady_epoch_s"] is None


def test_json_has_an_entry_for_each_trial_and_the_ratio_of_all() -> None:
    runs = [finished(9.0, 2.0), finished(9.0, 1.0)] * 3
    report = to_json(replayed(plan("cpu", "mps", trials=3), *runs))

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
            "basis": "steady epochs",
        }
    ]


def test_a_loss_that_is_no_number_is_null() -> None:
    state = replayed(plan("cpu"), [epoch(1, 1.0, train_loss=float("nan"))])
    report = to_json(state, Origin(machine={"odd": float("inf")}))

    assert report["jobs"][0]["epochs"][0]["train_loss"] is None
    json.dumps(report, allow_nan=False)


def test_an_epoch_tells_how_its_steps_differ_and_what_its_loader_took() -> None:
    waits_s = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    told = epoch(
        1,
        1.0,
        first_wait_s=0.25,
        step_times=StepTimes(steps=9, whole_s=waits_s, data_wait_s=waits_s),
        copied_bytes=4096,
        core_wait_s=0.0,
        loader=LoaderUse(processes=2, start_method="fork", cpu_s=1.5),
    )
    state = replayed(plan("cpu"), [told])
    (found,) = json.loads(json.dumps(to_json(state)))["jobs"][0]["epochs"]
    assert found["step_times"] == {
        "steps": 9,
        "quantiles": [0.05, 0.25, 0.5, 0.75, 0.95, 1.0],
        "whole_s": list(waits_s),
        "data_wait_s": list(waits_s),
        "host_to_device_s": None,
        "forward_s": None,
        "backward_s": None,
        "optimizer_s": None,
    }
    assert found["loader"] == {
        "processes": 2, "start_method": "fork", "cpu_s": 1.5, "memory_bytes": None
    }  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(to_csv(state)))
    assert [row[key] for key in ("first_wait_s", "copied_bytes", "core_wait_s")] == [
        "0.25", "4096", "0.0"
    ]  # fmt: skip


def test_csv_has_a_row_for_each_epoch() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(one_failed()))))

    assert list(rows[0]) == list(COLUMNS)
    assert [(r["label"], r["epoch"], r["epoch_s"]) for r in rows][:2] == [
        ("cpu", "1", "2.0"),
        ("cpu", "2", "1.0"),
    ]
    assert rows[0]["process_s"] == rows[0]["fused"] == ""
    assert rows[0]["compile"] == "false"


def test_csv_has_a_row_with_the_reason_for_a_run_without_an_epoch() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(one_failed()))))

    assert len(rows) == 3
    assert (rows[2]["label"], rows[2]["status"], rows[2]["epoch"]) == ("cuda:0", "failed", "")
    assert rows[2]["why"].startswith("There is no")


def test_csv_tells_the_axes_apart() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(published.batches()))))

    assert [row["batch_size"] for row in rows] == ["64", "16", "32", "64", "128", "256"]
    assert {row["workload"] for row in rows} == {"cifar-resnet18"}
    assert {row["data_source"] for row in rows} == {"real"}


def test_json_names_what_was_asked_for_and_the_command_that_repeats_it() -> None:
    request = Request(workloads=("mlp",), devices=("cpu", "cuda:0"), trials=3)
    report = to_json(one_failed(), Origin(request=request))

    assert report["command"] == "racetop compare mlp --devices cpu,cuda:0 --trials 3"
    assert Request.from_wire(json.loads(json.dumps(report["request"]))) == request


def test_json_names_the_host_of_the_readings() -> None:
    machine = {"host": {"hostname": "box"}, "gpus": [{"name": "H200"}]}
    report = to_json(one_failed(), Origin(machine=machine, versions={"racetop": "0.0.9"}))

    assert report["host"]["hostname"] == "box"
    assert report["host"]["gpus"] == ["H200"]
    assert report["versions"]["racetop"] == "0.0.9"


def test_json_has_the_fit_of_a_batch_sweep_and_the_summary_of_each_job() -> None:
    report = to_json(published.batches())

    (fit,) = report["fits"]
    assert (round(fit["fixed_s"], 1), round(fit["step_s"], 4)) == (22.8, 0.0069)
    assert round(fit["epochs_s"]["256"], 1) == 24.1
    assert [s["label"] for s in report["summaries"]][:2] == ["cpu batch 64", "cuda:0 batch 16"]
    assert report["report"] == "batches"


def test_json_says_which_runs_were_spared_and_why() -> None:
    state = replayed(plan("cpu", trials=3), finished(2.0, 1.0), finished(2.0, 1.0))
    report = to_json(spare(state, [RunKey(job=0, trial=2)], "the time was up"))

    assert [job["spared"] for job in report["jobs"]] == [None, None, "the time was up"]
    assert report["summaries"][0]["status"] == "done"
    assert report["summaries"][0]["spared"] == 1
