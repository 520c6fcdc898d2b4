"""`racetop diagnose`: where the time of a training goes, with the runs that prove it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TextIO

from runners.comparison import RunWorker
from runners.devices import best_accelerator
from runners.diagnosis.diagnose import diagnose as diagnosis_of
from runners.diagnosis.diagnosing import TRIAL_S, Diagnosing, RunPlan, try_remedy
from runners.diagnosis.document import to_json
from runners.diagnosis.plan import MOST_TRIALS, refuse_what_has_no_input
from runners.diagnosis.records import Diagnosed
from runners.paths import cache_dir, data_dir
from runners.planning import make_plan
from runners.reports.command_line import command_line
from runners.reports.diagnosis import to_report, to_text
from runners.reports.markdown import to_markdown
from runners.reports.names import Form
from runners.spec import JobSpec, Order, Request, UsageError
from runners.state import ComparisonState
from runners.statistics import TRIALS_FOR_INTERVAL
from sensors.sampler import take_reading
from sensors.snapshot import snapshot
from sensors.system.cores import usable_cores
from tui.commands.parts import Parts
from tui.commands.progress import progress_on
from tui.options import one_job_request


def run_diagnose(options: argparse.Namespace) -> int:
    """Run the command with its parsed options.

    Returns:
        See `diagnose`.

    Raises:
        UsageError: Something asked for is unknown, or has several values.
    """
    reading = take_reading()
    request = one_job_request(options, best_accelerator(reading))
    return diagnose(
        request,
        sys.stdout,
        sys.stderr,
        trial_s=options.trial_seconds,
        form=options.form,
        is_tried=options.try_remedies,
        machine=snapshot(reading),
        is_kept=options.history,
    )


def diagnose(
    request: Request,
    stdout: TextIO,
    stderr: TextIO,
    *,
    trial_s: float = TRIAL_S,
    form: Form = Form.TEXT,
    is_tried: bool = False,
    machine: Mapping[str, Any] | None = None,
    run_worker: RunWorker | None = None,
    is_kept: bool = True,
) -> int:
    """Diagnose a job on each device asked for; progress goes to `stderr`, the result to `stdout`.

    Args:
        request: What to diagnose: one value of everything but the device.
        stdout: For the result.
        stderr: For everything else.
        trial_s: About how long a steady epoch of a run shall take, in seconds.
        form: Text, Markdown, or JSON of schema `racetop.diagnosis/1`.
        is_tried: Whether remedies are applied, and what they gain is measured.
        machine: The machine's readings as JSON values; None where unknown.
        run_worker: Runs one job and reports its events; None for warm workers.
        is_kept: Whether the history keeps the runs, if there is one.

    Returns:
        0 when each job could be measured as it is, else 1; 128 and the signal's number when one
        ended it, which leaves what was found so far.

    Raises:
        UsageError: Something asked for is unknown, or has several values.
    """
    jobs, trials = _jobs(request), request.trials or MOST_TRIALS
    progress = progress_on(stderr, is_quiet=False)
    parts = Parts(progress, run_worker=run_worker, machine=machine, is_kept=is_kept)
    found = [Diagnosed(job=job) for job in jobs]

    async def diagnose_all(run_plan: RunPlan) -> None:
        for place, job in enumerate(jobs):
            if parts.ended_by is None:
                diagnosing = Diagnosing(
                    job.settings, run_plan=run_plan, trial_s=trial_s, trials=trials
                )
                state = await diagnosing.run()
                found[place] = Diagnosed(job=job, state=state, diagnosis=diagnosis_of(state))
                if is_tried:
                    found[place] = await _with_tried(found[place], state, parts, run_plan)

    parts.work(diagnose_all)
    command = _command(request, trial_s, is_tried=is_tried)
    if form is Form.JSON:
        document = to_json(found, command=command, trial_s=trial_s, machine=machine)
        stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")
    else:
        stdout.write(_reports(found, form, command, machine))
    stdout.flush()
    if parts.ended_by is not None:
        return 128 + parts.ended_by
    is_measured = all(one.diagnosis and one.diagnosis.samples_per_s for one in found)
    return 0 if is_measured else 1


async def _with_tried(
    one: Diagnosed, state: ComparisonState, parts: Parts, run_plan: RunPlan
) -> Diagnosed:
    """A diagnosis with what its remedies gained, up to where a signal ended it."""
    for remedy in one.diagnosis.remedies if one.diagnosis else ():
        if remedy.changes and parts.ended_by is None:
            tried = await try_remedy(state, remedy, run_plan=run_plan)
            one = replace(one, tried=(*one.tried, tried))
    return one


def _jobs(request: Request) -> tuple[JobSpec, ...]:
    """The jobs to diagnose: one for each device.

    Raises:
        UsageError: There is more to compare than devices, an option that has no meaning here, or no
            input to diagnose.
    """
    for option, is_given in (
        ("--order", request.order is not Order.IN_TURN),
        ("--baseline", request.baseline is not None),
        ("--time-budget", request.time_budget_s is not None),
        ("--within", request.within_pct is not None),
        ("--layers", request.layers),
    ):
        if is_given:
            raise UsageError(f"diagnose decides itself what to run, and when: leave {option} out")
    if request.trials is not None and request.trials < TRIALS_FOR_INTERVAL:
        raise UsageError(
            f"a verdict needs intervals, which take {TRIALS_FOR_INTERVAL} trials; name at least "
            f"--trials {TRIALS_FOR_INTERVAL}"
        )
    plan = make_plan(request, usable_cores(), data_dir=data_dir(), cache_dir=cache_dir())
    axes = [axis.replace("_", " ") for axis in plan.axes if axis != "device"]
    if axes:
        raise UsageError(
            f"diagnose takes one value of each option but --devices; several of: {', '.join(axes)}"
        )
    for job in plan.jobs:
        refuse_what_has_no_input(job.settings)
    return plan.jobs


def _command(request: Request, trial_s: float, *, is_tried: bool) -> str:
    line = command_line(request, "diagnose")
    line += f" --trial-seconds {trial_s:g}" if trial_s != TRIAL_S else ""
    return line + (" --try" if is_tried else "")


def _reports(
    found: Sequence[Diagnosed], form: Form, command: str, machine: Mapping[str, Any] | None
) -> str:
    to_form = to_markdown if form is Form.MARKDOWN else to_text
    return "\n\n".join(to_form(to_report(one, command, machine)) for one in found)
