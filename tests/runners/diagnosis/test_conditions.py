from __future__ import annotations

import pytest

from runners.diagnosis.conditions import contended_share
from runners.events import Hello
from runners.machine.figures import EpochMachine
from runners.process_events import EpochObserved
from runners.state import RunState, apply_to_run
from tests.fakes.training import epoch


def run_of(*, core_wait_s: float | None = None, **machine: float) -> RunState:
    """A cold and a steady epoch of 2 s on two cores."""
    run = apply_to_run(RunState(), Hello(pid=1, python="3", cores=(0, 1)))
    for number in (1, 2):
        run = apply_to_run(run, epoch(number, 2.0, core_wait_s=core_wait_s))
        observed = EpochObserved(epoch=number, machine=EpochMachine(looks=2, **machine))  # type: ignore[arg-type]
        run = apply_to_run(run, observed)
    return run


def test_the_kernels_count_of_waits_has_a_quotas_time_in_it() -> None:
    assert contended_share(run_of(core_wait_s=1.0, throttled_s=2.0)) == pytest.approx(0.5)


def test_a_quotas_time_adds_up_over_the_cores() -> None:
    assert contended_share(run_of(throttled_s=2.0)) == pytest.approx(0.5)


def test_what_the_hypervisor_took_is_in_no_count_of_the_kernels() -> None:
    assert contended_share(run_of(core_wait_s=0.1, steal_pct=40.0)) == pytest.approx(0.4)


def test_nothing_told_is_unknown() -> None:
    assert contended_share(run_of()) is None
