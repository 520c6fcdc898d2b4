"""Diagnoses as they come out, without the logic that makes them."""

from __future__ import annotations

from dataclasses import replace

from runners.diagnosis.records import (
    Bottleneck,
    Diagnosed,
    Diagnosis,
    Figure,
    Part,
    Remedy,
    Shares,
    Tried,
)
from runners.events import DeviceReady, Hello
from runners.spec import JobSpec, Order, Plan
from runners.statistics import Ratio
from runners.workloads import Probe
from tests.fakes.training import finished_run, replayed, settings

WHOLE = JobSpec(label="cuda:0", settings=settings(device="cuda:0"))
IN_MEMORY = Remedy(
    what="keep the samples in memory, cut batches by indexing",
    changes=(("variant", "tuned"),),
    predicted=2.5,
    is_bound=True,
    command="racetop compare mlp --devices cuda:0 --variant as-written,tuned",
)
SAY_SO = Remedy(what="end what else uses the cores")


def diagnosis() -> Diagnosis:
    """A job that the loader limits, everything known of it."""
    return Diagnosis(
        job=WHOLE,
        bottleneck=Bottleneck.INPUT,
        shares=Shares(
            stall=Figure(value=0.6, low=0.55, high=0.65),
            transfer=Figure(value=0.1, low=0.05, high=0.15),
            sync=Figure(value=0.02),
            launch_ratio=Figure(value=1.9, low=1.8, high=2.0),
            contended=Figure(value=0.01),
            throttled=Figure(value=0.0),
        ),
        samples_per_s=Figure(value=4000.0, low=3900.0, high=4100.0),
        capacities=(
            (Part.LOADER, Figure(value=5000.0, low=4900.0, high=5100.0)),
            (Part.TRANSFER, Figure(value=400_000.0, low=390_000.0, high=410_000.0)),
            (Part.COMPUTE, Figure(value=10_000.0, low=9500.0, high=10_500.0)),
        ),
        narrow=Part.LOADER,
        predicted_gain=Figure(value=2.5, low=2.2, high=2.9),
        sentence="cuda:0 is input-bound: 60 % of its time (55 to 65) waits for the loader.",
        evidence=("The loader alone feeds 5,000 samples/s, the device takes 10,000.",),
        remedies=(IN_MEMORY, SAY_SO),
        is_complete=True,
    )


def gain(value: float) -> Ratio:
    """A measured gain."""
    return Ratio(
        baseline="as it is",
        job="with the remedy",
        steady=value,
        total=None,
        low=value - 0.1,
        high=value + 0.1,
        basis="steady epochs",
        label="alone, 3 trials",
    )


def diagnosed() -> Diagnosed:
    """That job with its runs; one remedy did as predicted, one failed."""
    probes = (None, Probe.CACHED, Probe.LOADER)
    jobs = tuple(
        JobSpec(label=str(probe or "as it is"), settings=replace(WHOLE.settings, probe=probe))
        for probe in probes
    )
    plan = Plan(order=Order.IN_TURN, trials=1, jobs=jobs)
    beginning = [
        Hello(pid=1, python="3", cores=(0,), wall_s=1.7e9),
        DeviceReady(device_name="A GPU", versions={"torch": "2"}, threads=1),
    ]
    runs = [[*beginning, *finished_run(0.3, epoch_s)] for epoch_s in (0.25, 0.1, 0.2)]
    tried = (
        Tried(remedy=IN_MEMORY, gain=gain(2.4)),
        Tried(remedy=SAY_SO, problem="It could not be done."),
    )
    return Diagnosed(job=WHOLE, state=replayed(plan, *runs), diagnosis=diagnosis(), tried=tried)


def nothing_found() -> Diagnosed:
    """A job whose runs came to nothing."""
    found = Diagnosis(
        job=WHOLE,
        bottleneck=Bottleneck.UNDECIDED,
        shares=Shares(),
        samples_per_s=None,
        capacities=(),
        narrow=None,
        predicted_gain=None,
        sentence="Not decided: no run came to its end.",
        evidence=(),
        remedies=(),
        is_complete=False,
    )
    unknown = Ratio(
        baseline="a", job="b", steady=None, total=None, low=None, high=None, basis="", label=""
    )
    return Diagnosed(job=WHOLE, diagnosis=found, tried=(Tried(remedy=SAY_SO, gain=unknown),))
