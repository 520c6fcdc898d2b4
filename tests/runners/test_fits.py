from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from runners.events import Event, JobDone
from runners.fits import batch_fits, crossovers, mean_ratios
from runners.spec import JobSpec, Order, Plan
from runners.state import ComparisonState
from runners.sweep_words import sweep_sentences
from runners.verdict import verdict
from tests.fakes import published
from tests.fakes.training import epoch, replayed, settings

SAMPLES = 48_000
# Average epoch by batch size of a fastai fine-tune of ResNet-18 on one GPU, as published.
PUBLISHED = {16: 42.8, 32: 34.5, 64: 29.0, 128: 24.2, 256: 23.8}


def cell(epoch_s: float, batch_size: int, samples: int = SAMPLES) -> list[Event]:
    steps = -(-samples // batch_size)
    many = [epoch(n, epoch_s, samples=samples, steps=steps) for n in (1, 2, 3)]
    return [*many, JobDone(interrupted=False, dropped_events=0)]


def batch_plan(devices: tuple[str, ...], sizes: tuple[int, ...]) -> Plan:
    jobs = tuple(
        JobSpec(label=f"{device} batch {size}", settings=settings(device=device, batch_size=size))
        for device in devices
        for size in sizes
    )
    axes = ("device", "batch_size") if len(devices) > 1 else ("batch_size",)
    return Plan(order=Order.IN_TURN, trials=1, jobs=jobs, axes=axes)


def swept(times_s: Mapping[int, float]) -> ComparisonState:
    cells = [cell(time_s, size) for size, time_s in times_s.items()]
    return replayed(batch_plan(("cuda:0",), tuple(times_s)), *cells)


def raced(time_s: Callable[[str, int], float], *sizes: int) -> ComparisonState:
    devices = ("cpu", "cuda:0")
    cells = [cell(time_s(device, size), size) for device in devices for size in sizes]
    return replayed(batch_plan(devices, sizes), *cells)


def ladder(times_s: Mapping[str, tuple[float, float]]) -> ComparisonState:
    jobs = tuple(
        JobSpec(label=f"{name} {device}", settings=settings(workload=name, device=device))
        for name in times_s
        for device in ("cpu", "cuda:0")
    )
    plan = Plan(order=Order.IN_TURN, trials=1, jobs=jobs, axes=("workload", "device"))
    return replayed(plan, *(cell(time_s, 100) for pair in times_s.values() for time_s in pair))


def test_the_published_sweep_gives_its_known_fit() -> None:
    (fit,) = batch_fits(swept(PUBLISHED))
    assert fit.sample_s * fit.samples == pytest.approx(22.8, abs=0.15)
    assert fit.step_s == pytest.approx(6.9e-3, abs=0.1e-3)
    assert fit.epoch_s(16) == pytest.approx(43.5, abs=0.3)
    assert (fit.label, fit.cells) == ("cuda:0", 5)


def test_the_fit_is_read_out_in_words() -> None:
    assert sweep_sentences(swept(PUBLISHED)) == [
        "cuda:0: an epoch takes 22.8 s + 6.9 ms a step (within 5 %): 2,100 samples/s at most, "
        "whatever the batch size."
    ]


@pytest.mark.parametrize(
    ("miss_s", "words"),
    [
        (0.001, "an epoch takes 20.0 s + 5.00 ms a step (within 1 %): 2,400 samples/s"),
        (0.5, "an epoch takes 19.6 s + 5.3 ms a step (within 3 %): 2,450 samples/s"),
        (2.0, "an epoch takes 18 s + 6.1 ms a step (within 11 %): 2,600 samples/s"),
    ],
)
def test_a_fit_shows_no_digit_that_its_error_leaves_open(miss_s: float, words: str) -> None:
    misses = dict(zip((16, 32, 64, 128, 256), (1, -1, 1, -1, -1), strict=True))
    times_s = {size: 20.0 + 5e-3 * SAMPLES / size + miss_s * side for size, side in misses.items()}
    assert words in sweep_sentences(swept(times_s))[0]


def test_a_fit_without_measurable_time_beside_its_steps_says_so() -> None:
    times_s = {size: 5e-3 * SAMPLES / size for size in (16, 32, 64)}
    times_s[32] += 0.2
    (sentence,) = sweep_sentences(swept(times_s))
    assert sentence == (
        "cuda:0: an epoch takes 4.98 ms a step (within 2 %), and its samples nothing measurable "
        "on top."
    )


def test_times_that_do_not_follow_from_steps_get_no_figures() -> None:
    (sentence,) = sweep_sentences(swept({16: 10.0, 32: 40.0, 64: 12.0, 128: 45.0}))
    assert "do not explain these times" in sentence


def test_a_step_that_costs_nothing_is_said_to() -> None:
    (sentence,) = sweep_sentences(swept({16: 10.0, 32: 10.1, 64: 10.15, 128: 10.2}))
    assert "a step costs nothing measurable" in sentence


def test_two_batch_sizes_make_no_fit() -> None:
    assert batch_fits(swept({16: 2.0, 32: 1.0})) == ()


def test_where_the_gpu_overtakes_the_cpu_is_found_between_two_sizes() -> None:
    def time_s(device: str, size: int) -> float:
        return 10.0 if device == "cpu" else {32: 20.0, 64: 14.0, 128: 7.0, 256: 4.0}[size]

    (crossover,) = crossovers(raced(time_s, 32, 64, 128, 256))
    assert crossover.at is not None
    assert 64 < crossover.at < 128
    assert (
        "cuda:0 is faster than cpu from about batch 90 up (too few trials to be sure)."
        in verdict(raced(time_s, 32, 64, 128, 256))
    )


def test_a_device_that_always_wins_overtakes_nowhere() -> None:
    state = raced(lambda device, _size: 10.0 if device == "cpu" else 2.0, 32, 64)
    assert crossovers(state)[0].at is None
    assert "cuda:0 is faster than cpu at every size tried (too few trials to be sure)." in verdict(
        state
    )


def test_a_ladder_names_the_size_from_which_the_gpu_pays() -> None:
    state = ladder({"fashion-cnn": (10.0, 20.0), "mnist-cnn": (100.0, 10.0)})
    (crossover,) = crossovers(state)
    assert (crossover.baseline, crossover.other, crossover.quantity) == ("cpu", "cuda:0", "flops")
    assert any("FLOP a step up" in sentence for sentence in verdict(state))


def test_ratios_over_a_ladder_are_averaged_geometrically() -> None:
    state = ladder({"mlp": (10.0, 20.0), "fashion-cnn": (10.0, 5.0), "mnist-cnn": (80.0, 10.0)})
    (mean, count) = mean_ratios(state)["cuda:0"]
    assert (round(mean, 6), count) == (2.0, 3)
    assert "cuda:0: 2.00x over 3 workloads (geometric mean)." in verdict(state)


def repeated(times_s: Mapping[int, tuple[float, float]], trials: int = 3) -> ComparisonState:
    """By batch size the epoch of two devices; trials lie 5 % apart."""
    plan = replace(batch_plan(("cpu", "cuda:0"), tuple(times_s)), trials=trials)
    return replayed(
        plan,
        *(
            cell(times_s[size][device] * (0.95 + 0.05 * trial), size)
            for trial in range(trials)
            for device in (0, 1)
            for size in times_s
        ),
    )


def test_where_chance_may_decide_no_device_overtakes_the_other() -> None:
    state = repeated({32: (10.0, 10.1), 64: (10.0, 9.9)})
    assert crossovers(state)[0].at is None
    assert "No measurable difference between cuda:0 and cpu at any size tried." in verdict(state)


def test_a_size_without_a_measurable_difference_is_not_called_faster() -> None:
    state = repeated({32: (10.0, 10.1), 64: (10.0, 5.0), 128: (10.0, 2.0)})
    assert (
        "cuda:0 is faster than cpu at every size tried but 1 without a measurable difference."
    ) in verdict(state)


def test_models_of_a_ladder_are_compared_in_the_same_batch_size() -> None:
    jobs = tuple(
        JobSpec(
            label=f"{name} {device} batch {size}",
            settings=settings(workload=name, device=device, batch_size=size),
        )
        for name in ("mlp", "fashion-cnn")
        for device in ("cpu", "cuda:0")
        for size in (32, 64)
    )
    axes = ("workload", "device", "batch_size")
    plan = Plan(order=Order.IN_TURN, trials=1, jobs=jobs, axes=axes)
    times_s = {("cpu", 32): 10.0, ("cpu", 64): 6.0, ("cuda:0", 32): 5.0, ("cuda:0", 64): 3.0}
    runs = [
        cell(times_s[spec.settings.device, spec.settings.batch_size], spec.settings.batch_size)
        for spec in jobs
    ]

    told = {
        found.other: [ratio for _, ratio in found.ratios]
        for found in crossovers(replayed(plan, *runs))
    }

    assert told["cuda:0 batch 32"] == [2.0, 2.0]


def test_loader_processes_of_its_own_do_not_take_a_model_out_of_its_ladder() -> None:
    jobs = tuple(
        JobSpec(
            label=f"{name} {device}",
            settings=settings(workload=name, device=device, workers=workers, threads=threads),
        )
        for name, workers, threads in (("mlp", 0, 4), ("mlp-bn", 2, 2))
        for device in ("cpu", "cuda:0")
    )
    axes = ("workload", "device", "workers")
    plan = Plan(order=Order.IN_TURN, trials=1, jobs=jobs, axes=axes)

    (crossover,) = crossovers(replayed(plan, *(cell(time_s, 100) for time_s in (4, 2, 6, 2))))

    assert [ratio for _, ratio in crossover.ratios] == [2.0, 3.0]


def test_sweeps_of_two_hosts_make_no_fit_together() -> None:
    jobs = tuple(
        JobSpec(label=f"#{n} cpu batch {size}", settings=settings(batch_size=size))
        for n in (1, 2)
        for size in PUBLISHED
    )
    plan = Plan(order=Order.IN_TURN, trials=1, jobs=jobs, axes=("batch_size",))
    runs = [cell(factor * time_s, size) for factor in (1, 3) for size, time_s in PUBLISHED.items()]
    assert batch_fits(replayed(plan, *runs)) == ()


def test_what_each_workload_has_of_its_own_does_not_split_a_ladder() -> None:
    state = published.model_sizes()
    (crossover,) = crossovers(state)

    assert {label: count for label, (_, count) in mean_ratios(state).items()} == {"mps": 5}
    assert (crossover.baseline, crossover.other) == ("cpu", "mps")


def test_comparisons_of_one_workload_side_by_side_have_no_mean() -> None:
    told = ((1, "cpu", 64), (1, "mps", 64), (2, "cpu", 64), (2, "mps", 64), (2, "mps", 32))
    jobs = tuple(
        JobSpec(
            label=f"#{number} {device} batch {size}",
            settings=settings(device=device, batch_size=size),
        )
        for number, device, size in told
    )
    plan = Plan(order=Order.IN_TURN, trials=1, jobs=jobs, axes=("device", "batch_size"))
    state = replayed(plan, *(cell(1.0, size) for _, _, size in told))

    assert mean_ratios(state) == {}


def test_each_workload_of_a_ladder_is_compared_with_itself() -> None:
    state = ladder({"mlp": (10.0, 20.0), "fashion-cnn": (10.0, 5.0)})
    assert verdict(state)[1:3] == (
        "mlp cpu is 2.00x as fast as mlp cuda:0 (steady epochs, alone, single run).",
        "fashion-cnn cuda:0 is 2.00x as fast as fashion-cnn cpu (steady epochs, alone, "
        "single run).",
    )


def test_the_verdict_of_a_ladder_begins_with_the_size_from_which_a_device_pays() -> None:
    state = ladder({"mlp": (10.0, 20.0), "fashion-cnn": (10.0, 5.0)})
    assert verdict(state)[0] == (
        "cuda:0 is faster than cpu from about 78 MFLOP a step up (too few trials to be sure)."
    )


def test_of_many_jobs_only_the_fastest_is_named() -> None:
    sentences = verdict(swept(PUBLISHED | {512: 23.9}))
    assert sentences[0].startswith(
        "Fastest of 6: cuda:0 batch 256 is 1.80x as fast as cuda:0 batch 16"
    )
    assert not any(sentence.startswith("cuda:0 batch 32 is") for sentence in sentences)


def test_one_size_in_common_makes_no_crossover() -> None:
    state = ladder({"mlp": (10.0, 20.0)})
    assert crossovers(state) == ()
