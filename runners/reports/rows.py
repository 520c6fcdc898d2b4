"""A comparison as CSV: a row for each epoch, for spreadsheets and data frames. Pure."""

from __future__ import annotations

import csv
import io

from runners.reports.document import finite
from runners.reports.run_document import run_of
from runners.state import ComparisonState

COLUMNS = (
    "label", "trial", "device", "variant", "batch_size", "precision", "workers", "epoch",
    "epoch_s", "process_s", "samples", "samples_per_s", "train_loss", "train_accuracy",
    "test_loss", "test_accuracy", "data_wait_s", "host_to_device_s", "forward_s", "backward_s",
    "optimizer_s", "residual_s", "workload", "threads", "compile", "epochs_planned",
    "channels_last", "fused", "eval_s", "peak_memory_bytes", "peak_reserved_bytes",
    "peak_device_used_bytes", "data_source", "status", "why",
    "persistent_workers", "pin_memory", "start_method", "first_wait_s", "copied_bytes",
    "core_wait_s", "gpu_busy_pct", "power_w", "energy_j", "energy_source", "temperature_c",
    "sm_clock_mhz", "cpu_busy_pct", "own_cores_busy", "other_cores_busy", "throttled_s", "slowed",
    "gpu_busy_min_pct", "pressure_cpu_pct", "pressure_io_pct", "pressure_memory_pct",
    "disk_read_bytes", "dips", "dips_in_wait",
)  # fmt: skip


def to_csv(state: ComparisonState) -> str:
    """One row for each epoch, and one for a run without any; what is unknown is empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for key, run in state.runs.items():
        job = finite(run_of(state, key, run))
        common = {
            **job,
            "data_source": (job["data_used"] or {}).get("source"),
            "why": (job["error"] or {}).get("message") or job["spared"],
        }
        rows = [
            {**common, **epoch, **epoch["phases"], **(epoch["machine"] or {})}
            for epoch in job["epochs"]
        ]
        for row in rows or [{**common, "samples_per_s": None}]:
            writer.writerow({key: _cell(value) for key, value in row.items()})
    return out.getvalue()


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
