"""How brief the runs of a diagnosis can be, from a first look at the job's speed. Pure."""

from __future__ import annotations

from dataclasses import replace

from runners.diagnosis.plan import MORE_SAMPLES, diagnosis_plan
from runners.spec import JobSpec, Order, Plan
from runners.state import ComparisonState, RunStatus
from runners.statistics import TRIALS_FOR_INTERVAL, steady_epochs
from runners.text import duration
from runners.workloads import JobSettings, Probe

STEADY_UNITS = 2
# An epoch has so many steps at least, and more for each loader process: they fill a queue first.
FEWEST_STEPS, STEPS_FOR_WORKER = 8, 4
# Where the fewest steps take longer than so many times the time asked for, half of them have to
# do, in one steady epoch.
_SLOW = 2.0
# What takes longer in all says so ahead.
_LONG_S = 90.0
# On a machine that turns out many times slower than at first sight, an end: so much longer, plus
# what it takes to start the runs.
_PATIENCE, _FOR_STARTS_S = 2.0, 120.0
_LOOK = "a diagnosis' first look at the speed: a few steps, by which its runs are cut to a length"


def first_look(whole: JobSpec, *, is_cut: bool = True) -> Plan:
    """A plan that tells how fast a job is: one cold and one steady epoch of a few steps.

    Args:
        whole: The job.
        is_cut: Whether to take the fewest steps; False takes all samples there are, which a set
            that has fewer needs.
    """
    settings = replace(whole.settings, epochs=_units(whole, 1), layers=False, probe=Probe.UNTESTED)
    if is_cut:
        settings = _of_steps(settings, _fewest_steps(settings), None)
    job = JobSpec(label=whole.label, settings=settings)
    return Plan(order=Order.IN_TURN, trials=1, jobs=(job,), notes=(_LOOK,))


def cut_plan(whole: JobSpec, look: ComparisonState, *, trial_s: float, trials: int) -> Plan | None:
    """The plan of the diagnosis; None where the look was stopped or failed.

    Args:
        whole: The job.
        look: What became of `first_look`.
        trial_s: About how long a steady epoch shall take, in seconds.
        trials: Repeats of each run, at most.
    """
    (run,) = look.runs.values()
    steady = steady_epochs(run)
    if run.status is not RunStatus.DONE or not steady:
        return None
    epoch, fewest = steady[-1], _fewest_steps(whole.settings)
    start_s = (epoch.first_wait_s or 0.0) if whole.settings.workers else 0.0
    step_s = (epoch.epoch_s - start_s) / epoch.steps
    is_slow = fewest * step_s > _SLOW * trial_s
    if is_slow:
        fewest //= 2
    # At least as long again as the loader takes to start, or there would be little to see but that.
    steps = max(fewest, round(max(trial_s, start_s) / step_s))
    units = _units(whole, 1 if is_slow else STEADY_UNITS)
    in_set = run.data.set_samples if run.data else None
    brief = _of_steps(replace(whole.settings, epochs=units), steps, in_set)
    plan = diagnosis_plan(whole, brief, trials=trials)
    samples = brief.train_samples or epoch.samples
    epoch_s = start_s + step_s * samples / whole.settings.batch_size
    about_s = min(trials, TRIALS_FOR_INTERVAL) * len(plan.jobs) * units * epoch_s
    notes = plan.notes
    if about_s > _LONG_S:
        notes += (f"a step takes {duration(step_s)}, so this takes up to {duration(about_s)}",)
    budget_s = float(round(_FOR_STARTS_S + _PATIENCE * about_s))
    return replace(plan, notes=notes, time_budget_s=budget_s)


def _units(whole: JobSpec, steady: int) -> int:
    return whole.workload.warm_up + steady


def _fewest_steps(settings: JobSettings) -> int:
    return FEWEST_STEPS + STEPS_FOR_WORKER * settings.workers


def _of_steps(settings: JobSettings, steps: int, in_set: int | None) -> JobSettings:
    """The settings with so many steps an epoch, or as many as there are.

    The samples make whole batches in all runs, also in those with larger ones.
    """
    batches = MORE_SAMPLES * settings.batch_size
    samples = -(-steps * settings.batch_size // batches) * batches
    most = min((n for n in (settings.train_samples, in_set) if n is not None), default=None)
    if most is not None and samples > most:
        samples = most // batches * batches or most
    tested = min(settings.batch_size, settings.test_samples or settings.batch_size)
    return replace(settings, train_samples=samples, test_samples=tested)
