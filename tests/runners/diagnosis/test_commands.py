"""The command line beside a remedy means the job with and without it, and nothing else."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

import pytest

from runners.planning import make_plan
from runners.spec import Order
from runners.workloads import JobSettings, Precision
from sensors.system.cores import UsableCores
from tests.fakes.planted import Cause, found_of, on_cpu, on_gpu
from tui.options import add_comparison_options, request_from

# Where data lies and how many runs there are is not said of a job.
_LEFT_TO_THE_PLAN = {"data_dir", "cache_dir"}
_JOBS: dict[str, tuple[Cause, JobSettings]] = {
    "in memory": (Cause(item_s=3e-5), on_cpu(batch_size=50, precision=Precision.BF16, seed=7)),
    "batch, compile, optimizer": (Cause(step_s=1e-2), on_cpu(train_samples=9_000, threads=3)),
    "arithmetic": (Cause(), on_gpu(data="generated", epochs=2)),
    "loader processes": (
        Cause(item_s=1e-5, start_s=0.4),
        on_gpu(workers=2, threads=3, start_method="spawn"),
    ),
    "copies": (Cause(copy_s=5e-6), on_gpu(pin_memory=False, channels_last=True)),
    "own loader processes": (
        Cause(item_s=1e-5, crowding=2.0, own_core_wait=0.4),
        on_cpu(workers=8, persistent_workers=True),
    ),
}


def settings_of(command: str, folder: Path) -> list[dict[str, Any]]:
    """The settings of all jobs that a command line means."""
    racetop, compare, workload, *words = shlex.split(command)
    assert (racetop, compare) == ("racetop", "compare")
    parser = argparse.ArgumentParser()
    add_comparison_options(parser)
    options = parser.parse_args(words, argparse.Namespace(workload=workload))
    request = request_from(options, accelerator=None, order=Order.IN_TURN)
    cores = UsableCores(cpu_ids=tuple(range(8)), quota=None, count=8)
    plan = make_plan(request, cores, data_dir=folder, cache_dir=folder)
    return [job.settings.to_wire() for job in plan.jobs]


@pytest.mark.parametrize(("cause", "job"), _JOBS.values(), ids=_JOBS)
async def test_each_command_line_compares_the_job_with_and_without(
    cause: Cause, job: JobSettings, tmp_path: Path
) -> None:
    remedies = (await found_of(cause, job)).remedies
    assert remedies
    for remedy in remedies:
        if remedy.command is None:
            assert remedy.changes == ()
            continue
        parts = remedy.command.split(" && ")
        meant = [settings for part in parts for settings in settings_of(part, tmp_path)]
        without, with_it = meant
        changed = dict(remedy.changes)
        assert {name: with_it[name] for name in changed} == changed, remedy.command
        left_out = {*changed, *_LEFT_TO_THE_PLAN}
        kept = {name: value for name, value in job.to_wire().items() if name not in left_out}
        assert {name: without[name] for name in kept} == kept, remedy.command
        # A plan gives a job more threads with more loader processes; the rest is the same.
        own = {name: value for name, value in kept.items() if name != "threads"}
        assert {name: with_it[name] for name in own} == own, remedy.command
