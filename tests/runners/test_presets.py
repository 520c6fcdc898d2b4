from __future__ import annotations

from pathlib import Path

import pytest

from runners.planning import make_plan
from runners.presets import PRESETS, Preset
from runners.spec import Plan
from sensors.system.cores import UsableCores

TWO_CORES = UsableCores(cpu_ids=(0, 1), quota=None, count=2)
NAMES = [preset.name for preset in PRESETS]


def plan_of(name: str, accelerator: str | None) -> Plan:
    request = PRESETS[NAMES.index(name)].request(accelerator)
    return make_plan(request, TWO_CORES, data_dir=Path("/data"), cache_dir=Path("/cache"))


def test_there_is_a_preset_for_each_digit_key() -> None:
    assert len(PRESETS) == 9
    assert len(set(NAMES)) == 9


@pytest.mark.parametrize("preset", PRESETS, ids=NAMES)
@pytest.mark.parametrize("accelerator", [None, "cuda:0", "mps"])
def test_every_preset_plans_on_every_machine(preset: Preset, accelerator: str | None) -> None:
    plan = plan_of(preset.name, accelerator)
    devices = {job.settings.device for job in plan.jobs}
    assert devices == ({"cpu", accelerator} if accelerator else {"cpu"})


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"micro tasks"}))
def test_a_cpu_alone_still_compares_something(name: str) -> None:
    assert len(plan_of(name, None).jobs) > 1
    assert plan_of(name, None).axes


@pytest.mark.parametrize(
    "name", ["mnist-cnn layers", "resnet18 batches", "model sizes", "batch sizes", "epochs"]
)
def test_fewer_samples_for_a_slow_cpu_are_told_in_the_plan(name: str) -> None:
    assert any("samples only" in note for note in plan_of(name, None).notes)


def test_the_fine_tuning_sweep_is_compared_with_the_cpu_in_its_own_batch_size() -> None:
    labels = [job.label for job in plan_of("resnet18 batches", "cuda:0").jobs]
    assert labels[0] == "cpu batch 64"
    assert labels[1:] == [f"cuda:0 batch {size}" for size in (16, 32, 64, 128, 256)]


def test_calls_are_repeated_in_processes_of_their_own() -> None:
    plan = plan_of("resnet63 calls", "cuda:0")
    assert (plan.trials, [job.settings.epochs for job in plan.jobs]) == (3, [4, 4])


def test_a_cpu_alone_is_spared_the_model_that_takes_it_hours() -> None:
    assert "transformer-50m" in {w.name for w in plan_of("model sizes", "cuda:0").workloads}
    assert "transformer-50m" not in {w.name for w in plan_of("model sizes", None).workloads}


def test_a_model_left_out_for_want_of_an_accelerator_is_told_in_the_plan_with_the_reason() -> None:
    said = [note for note in plan_of("model sizes", None).notes if "left out" in note]
    assert len(said) == 1
    assert "transformer-50m" in said[0]
    assert "without an accelerator" in said[0]
    assert not any("left out" in note for note in plan_of("model sizes", "cuda:0").notes)
