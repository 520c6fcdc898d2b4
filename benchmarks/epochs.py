"""What our worker and its timing cost a training, and what tuning gains it."""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks import training
from benchmarks.figures import Budget, Figure, Outcome
from benchmarks.training import Run
from runners.workloads import JobSettings, Variant

_TEST_SAMPLES = 10_000
_CPU_INFO = Path("/proc/cpuinfo")
_NATIVE_BF16 = {"amx_bf16", "avx512_bf16"}
_ALONE = ("--devices", "cpu", "--order", "in-turn", "--data", "generated")


def measure_plain(*, quick: bool) -> Outcome:
    """The as-written worker against the plain script, each alone on one core."""
    settings = training.one_core_settings(
        Variant.AS_WRITTEN, epochs=2 if quick else 3, samples=4_000 if quick else 12_000
    )
    root = training.data_root(settings)
    runs = training.in_turn(
        {
            "worker": partial(training.in_our_worker, settings),
            "plain script": partial(training.in_script, settings, root, training.PLAIN_SCRIPT),
        },
        rounds=1 if quick else 6,
    )
    name = "as-written in our worker, against the plain script"
    figure = _ratio(name, runs["worker"], runs["plain script"], Budget(limit=1.02))
    return Outcome(figures=(figure,), raw=training.to_raw(runs))


def measure_fastest(*, quick: bool) -> Outcome:
    """The tuned worker against the fastest plain loop known, each alone on one core."""
    settings = training.one_core_settings(
        Variant.TUNED, epochs=2 if quick else 6, samples=4_000 if quick else 20_000
    )
    root = training.data_root(settings)
    runs = training.in_turn(
        {
            "worker": partial(training.in_our_worker, settings),
            "fast script": partial(training.in_script, settings, root, training.FAST_SCRIPT),
        },
        rounds=1 if quick else 7,
    )
    figure = _ratio(
        "samples/s, tuned in our worker, against the fastest plain loop",
        runs["fast script"],
        runs["worker"],
        Budget(limit=0.98, at_least=True),
    )
    return Outcome(figures=(figure,), raw=training.to_raw(runs))


def measure_phase_timing(*, quick: bool) -> Outcome:
    """Phase timing on, against off: on the shortest steps, and with a loader process to watch."""
    rounds, samples = 1 if quick else 7, 20_000
    tuned = training.one_core_settings(Variant.TUNED, epochs=2 if quick else 6, samples=samples)
    loading = replace(
        training.one_core_settings(
            Variant.AS_WRITTEN, epochs=2 if quick else 4, samples=4_000 if quick else 12_000
        ),
        workers=1,
    )
    runs = _on_and_off(tuned, rounds=rounds)
    with_loader = _on_and_off(loading, rounds=rounds)
    step_s, epoch_s = _added_by_timing()
    steps = samples / tuned.batch_size
    added = tuple(1 + (step_s * steps + epoch_s) / run.steady_s for run in runs["off"])
    budget = Budget(limit=1.01)
    name = "phase timing on, against off"
    return Outcome(
        figures=(
            _ratio(f"{name}, tuned", runs["on"], runs["off"], budget),
            Figure(
                name="  the same, by what it adds to a step and to an epoch",
                values=added,
                unit=" x",
                digits=5,
                budget=budget,
            ),
            _ratio(f"{name}, a loader process", with_loader["on"], with_loader["off"], budget),
        ),
        notes=(
            f"Timing takes {1e6 * step_s:.2f} microseconds a step and {1e6 * epoch_s:.0f} "
            "microseconds an epoch.",
        ),
        raw={
            **training.to_raw(runs),
            "loader": training.to_raw(with_loader),
            "added_s_per_step": step_s,
            "added_s_per_epoch": epoch_s,
        },
    )


def _on_and_off(settings: JobSettings, *, rounds: int) -> dict[str, list[Run]]:
    off = replace(settings, phase_timing=False)
    return training.in_turn(
        {
            "on": partial(training.in_our_worker, settings),
            "off": partial(training.in_our_worker, off),
        },
        rounds=rounds,
    )


def _added_by_timing() -> tuple[float, float]:
    """Seconds that timing adds to a step and to an epoch."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.marks"],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        check=True,
    )
    step_s, epoch_s = map(float, done.stdout.split())
    return step_s, epoch_s


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
        raw=training.to_raw(runs),
    )


def measure_tuned_others(*, quick: bool) -> Outcome:
    """Tuned against as-written for the smallest model and, where bf16 is native, for resnet63."""
    asked: dict[str, tuple[str, ...]] = {
        "mlp": ("--epochs", "2" if quick else "3", "--train-samples", "30000")
    }
    notes: tuple[str, ...] = ()
    if _NATIVE_BF16 & set(_CPU_INFO.read_text(encoding="utf-8").split()):
        # A quarter of the usual batch: two minutes a round, not ten.
        size = ("--batch-size", "8" if quick else "16", "--trials", "1")
        asked["resnet63"] = (*size, "--precision", "fp32,bf16")
    else:
        notes = ("This CPU has no native bf16: resnet63 is not measured.",)
    raw: dict[str, list[Run]] = {}
    for workload, options in asked.items():
        # The first is as written in fp32, the last tuned in the last precision asked for.
        rounds = [
            training.by_compare(
                *_ALONE, "--variant", "as-written,tuned", *options, workload=workload
            )
            for _ in range(1 if quick else 4)
        ]
        raw[f"{workload} as-written"] = [runs[0] for runs in rounds]
        raw[f"{workload} tuned"] = [runs[-1] for runs in rounds]
    figures = tuple(
        _ratio(
            f"samples/s, {workload}, tuned against as-written",
            raw[f"{workload} as-written"],
            raw[f"{workload} tuned"],
            Budget(limit=2.0, at_least=True),
        )
        for workload in asked
    )
    return Outcome(figures=figures, notes=notes, raw=training.to_raw(raw))


def _ratio(name: str, above: list[Run], below: list[Run], budget: Budget) -> Figure:
    values = training.steady_ratios(above, below)
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
