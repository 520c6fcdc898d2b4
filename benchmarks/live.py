"""What the live screen costs the training that it watches."""

from __future__ import annotations

from typing import Any

from benchmarks import training
from benchmarks.figures import Budget, Figure, Outcome
from benchmarks.training import Run
from runners.workloads import Variant

_BUDGET = Budget(limit=1.02)
_SAMPLES = {Variant.TUNED: 20_000, Variant.AS_WRITTEN: 8_000}
_ROUNDS, _EPOCHS, _QUICK_EPOCHS = 4, 6, 2
_LONG_EPOCHS, _QUICK_LONG_EPOCHS = 60, 10
# Two to three of these epochs long.
_HOLD_S = 3.5
_WHY_TWICE = (
    "Two trainings may differ by more than the budget without any screen, so the screen's process "
    "is also held and let go while one training runs."
)


def measure(*, quick: bool) -> Outcome:
    """The live screen open, against `compare`; and running, against held in the same training."""
    figures: list[Figure] = []
    notes = [_WHY_TWICE]
    raw: dict[str, Any] = {}
    for variant in _SAMPLES:
        for outcome in (_against_compare(variant, quick), _against_held(variant, quick)):
            figures += outcome.figures
            notes += outcome.notes
            raw.setdefault(variant.value, {}).update(outcome.raw)
    return Outcome(figures=tuple(figures), notes=tuple(notes), raw=raw)


def _against_compare(variant: Variant, quick: bool) -> Outcome:
    options = _options(variant, _QUICK_EPOCHS if quick else _EPOCHS)

    def on_screen() -> Run:
        (run,), _ = training.on_live_screen(*options)
        return run

    def without() -> Run:
        (run,) = training.by_compare(*options)
        return run

    runs = training.in_turn({"live": on_screen, "compare": without}, rounds=1 if quick else _ROUNDS)
    ratios = training.steady_ratios(runs["live"], runs["compare"])
    name = f"epoch with the live screen open, against compare, {variant}"
    return Outcome(figures=(_figure(name, ratios),), raw=training.to_raw(runs))


def _against_held(variant: Variant, quick: bool) -> Outcome:
    options = _options(variant, _QUICK_LONG_EPOCHS if quick else _LONG_EPOCHS)
    (run,), held = training.on_live_screen(*options, hold_every_s=_HOLD_S)
    raw = {**training.to_raw({"long": [run]}), "held": held}
    ratios = training.ratios_within(run, held)
    if not ratios:
        note = f"{variant}: no epoch was over in the {_HOLD_S:g} s that the screen was held."
        return Outcome(figures=(), notes=(note,), raw=raw)
    return Outcome(figures=(_figure("  screen running, against held", ratios),), raw=raw)


def _options(variant: Variant, epochs: int) -> list[str]:
    options = ["--devices", "cpu", "--variant", variant.value, "--order", "in-turn"]
    options += ["--data", "generated", "--train-samples", str(_SAMPLES[variant])]
    return [*options, "--test-samples", "1000", "--epochs", str(epochs)]


def _figure(name: str, ratios: tuple[float, ...]) -> Figure:
    return Figure(name=name, values=ratios, unit=" x", digits=3, budget=_BUDGET)
