"""Data and settings of jobs on the CPU, cut to what a test is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runners.worker.data import sets
from runners.worker.models import RECIPES
from runners.workloads import JobSettings
from runners.workloads.catalogue import CATALOGUE


def settings_of(
    workload: str,
    *,
    data: str | Path = "auto",
    data_dir: Path | None = None,
    cache_dir: Path | None = None,
    **others: Any,
) -> JobSettings:
    """The settings of one epoch."""
    return JobSettings(
        workload=workload,
        device="cpu",
        epochs=1,
        data=str(data),
        data_dir=str(data_dir) if data_dir else None,
        cache_dir=str(cache_dir) if cache_dir else None,
        **{"batch_size": 10, **others},
    )


def load(
    workload: str,
    **settings: Any,
) -> sets.DataSet:
    """The data of a job with these settings."""
    return sets.load(CATALOGUE[workload], RECIPES[workload], settings_of(workload, **settings))
