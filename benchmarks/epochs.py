"""What watching costs the training, and what tuning gains it: ratios of steady epochs."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import training
from benchmarks.figures import Budget, Figure, Outcome, alternating
from benchmarks.training import Run
from runners.workloads import Variant

_TEST_SAMPLES = 10_000
_ALONE = ("--devices", "cpu", "--order", "in-turn", "--data", "generated")


def measure_live(*, quick: bool) -> Outcome:
    """The live screen open, against `compare`; the plan gives the job all cores."""
    figures = []
    raw = {}
    for variant, samples in ((Variant.TUNED, 20_000), (Variant.AS_WRITTEN, 8_000)):
        options = [*_ALONE, "--variant", variant.value, "--train-samples", str(samples)]
        options += ["--test-samples", "1000", "--epochs", "2" if quick else "6"]

        def only_job(train: Callable[..., list[Run]], options: list[str] = options) -> Run:
            (run,) = train(*options)
            return run

        runs = _in_turn(
            {
                "live": partial(only_job, training.on_live_screen),
                "compare": partial(only_job, training.by_compare),
            },
            rounds=1 if quick else 5,
        )
        raw[variant.value] = _raw(runs)
        name = f"epoch with the live screen open, against compare, {variant}"
        figures.append(_ratio(name, runs["live"], runs["compare"], Budget(limit=1.02)))
    return Outcome(figures=tuple(figures), raw=raw)


def measure_plain(*, quick: bool) -> Outcome:
    """The as-written worker against the plain script, each alone on one core."""
    settings = training.one_core_settings(
        Variant.AS_WRITTEN, epochs=2 if quick else 3, samples=4_000 if quick else 12_000
    )
    root = training.data_root(settings)
    runs = _in_turn(
        {
            "worker": partial(training.in_our_worker, settings),
            "plain script": partial(training.in_plain_script, settings, root),
        },
        rounds=1 if quick else 6,
    )
    name = "as-written in our worker, against the plain script"
    figure = _ratio(name, runs["worker"], runs["plain script"], Budget(limit=1.02))
    return Outcome(figures=(figure,), raw=_raw(runs))


def measure_phase_timing(*, quick: bool) -> Outcome:
    """Phase timing on, against off; tuned steps are the shortest, so it costs most there."""
    make_settings = partial(
        training.one_core_settings, Variant.TUNED, epochs=2 if quick else 6, samples=20_000
    )
    runs = _in_turn(
        {
            "on": partial(training.in_our_worker, make_settings(phase_timing=True)),
            "off": partial(training.in_our_worker, make_settings(phase_timing=False)),
        },
        rounds=1 if quick else 7,
    )
    name = "phase timing on, against off, tuned"
    cpu_times = tuple(
        on.steady_process_s / off.steady_process_s
        for on, off in zip(runs["on"], runs["off"], strict=True)
    )
    return Outcome(
        figures=(
            _ratio(name, runs["on"], runs["off"], Budget(limit=1.01)),
            Figure(name="  the same in CPU time", values=cpu_times, unit=" x", digits=3),
        ),
        raw=_raw(runs),
    )


def measure_tuned(*, quick: bool) -> Outcome:
    """Tuned against as-written: speed, and whether it learns as well; a seed for each round."""
    runs: dict[str, list[Run]] = {"tuned": [], "as-written": []}
    with tempfile.TemporaryDirectory(prefix="racetop-bench-") as cache:
        for seed in range(1 if quick else 4):
            names = list(runs)[:: -1 if seed % 2 else 1]
            options = [*_ALONE, "--variant", ",".join(names), "--seed", str(seed)]
            options += ["--epochs", "2" if quick else "3"]
            options += ["--train-samples", "10000" if quick else "30000"]
            # Each seed has data of its own, which is not worth keeping.
            found = training.by_compare(*options, cache=Path(cache))
            for name, run in zip(names, found, strict=True):
                runs[name].append(run)
    speed = _ratio(
        "samples/s, tuned against as-written",
        runs["as-written"],
        runs["tuned"],
        Budget(limit=2.0, at_least=True),
    )
    return Outcome(
        figures=(speed, *_accuracies(runs["tuned"], runs["as-written"])),
        notes=(
            "Accuracies of equally good networks differ by the chance of the test samples alone: "
            "their budget is two standard errors of the difference.",
        ),
        raw=_raw(runs),
    )


def _in_turn(sides: Mapping[str, Callable[[], Run]], *, rounds: int) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in sides}
    for name in alternating(list(sides), rounds):
        runs[name].append(sides[name]())
    return runs


def _ratio(name: str, above: list[Run], below: list[Run], budget: Budget) -> Figure:
    """By round, the steady epoch of one side over that of the other."""
    values = tuple(a.steady_s / b.steady_s for a, b in zip(above, below, strict=True))
    return Figure(name=name, values=values, unit=" x", digits=3, budget=budget)


def _accuracies(tuned: list[Run], as_written: list[Run]) -> tuple[Figure, ...]:
    def percent(runs: list[Run]) -> tuple[float, ...]:
        return tuple(100 * (run.test_accuracy or 0.0) for run in runs)

    apart = tuple(abs(a - b) for a, b in zip(percent(tuned), percent(as_written), strict=True))
    noise = noise_points(min(percent(as_written)) / 100, _TEST_SAMPLES)
    return (
        Figure(
            name="  test accuracies apart",
            values=apart,
            unit=" points",
            budget=Budget(limit=round(noise, 2)),
        ),
        Figure(name="  test accuracy, tuned", values=percent(tuned), unit=" %"),
        Figure(name="  test accuracy, as-written", values=percent(as_written), unit=" %"),
    )


def noise_points(accuracy: float, samples: int) -> float:
    """Two standard errors of the difference of two test accuracies, in percent points."""
    return 200 * math.sqrt(2 * accuracy * (1 - accuracy) / samples)


def _raw(runs: Mapping[str, list[Run]]) -> dict[str, Any]:
    return {name: [asdict(run) for run in found] for name, found in runs.items()}
