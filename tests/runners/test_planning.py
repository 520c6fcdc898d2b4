from __future__ import annotations

from pathlib import Path

import pytest

from runners.paths import check_data, data_dir
from runners.planning import default_request, make_plan
from runners.spec import Order, Plan, Request, UsageError
from runners.workloads import Variant
from sensors.system.cores import UsableCores

CORES = UsableCores(cpu_ids=(0, 1, 2, 3), quota=None, count=4)


def planned(request: Request) -> Plan:
    return make_plan(request, CORES, data_dir=Path("/data"), cache_dir=Path("/cache"))


def test_the_default_race_is_cpu_against_accelerator() -> None:
    request = default_request("mlp", "cuda:0")

    assert request.devices == ("cpu", "cuda:0")
    assert request.variants == ()
    assert request.order is Order.TOGETHER


def test_without_accelerator_the_default_race_is_as_written_against_tuned() -> None:
    request = default_request("mlp", None)

    assert request.devices == ("cpu",)
    assert request.variants == (Variant.AS_WRITTEN, Variant.TUNED)


def test_a_plan_gives_each_job_its_cores_and_directories() -> None:
    plan = planned(Request(workloads=("mlp",), devices=("cpu", "cuda"), order=Order.TOGETHER))

    cpu, gpu = plan.jobs
    assert (cpu.label, gpu.label) == ("cpu", "cuda:0")
    assert (cpu.settings.cores, cpu.settings.threads) == ((0, 1, 2), 3)
    assert (gpu.settings.cores, gpu.settings.threads) == ((3,), 1)
    assert cpu.settings.data_dir == "/data"
    assert cpu.settings.cache_dir == "/cache"


def test_more_threads_than_cores_are_told() -> None:
    plan = planned(Request(workloads=("mlp",), threads=(9,)))

    assert plan.notes == ("9 threads for 4 usable cores: more threads than cores",)


def test_the_same_job_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="device cuda:0 is named twice"):
        planned(Request(workloads=("mlp",), devices=("cuda", "cuda:0")))


def test_a_seed_that_torch_cannot_take_is_refused() -> None:
    assert planned(Request(workloads=("mlp",), seed=2**63 - 1)).jobs
    with pytest.raises(UsageError, match="seed 9223372036854775808 is out of range"):
        planned(Request(workloads=("mlp",), seed=2**63))


def test_several_numbers_of_workers_for_a_loop_without_them_are_refused() -> None:
    assert len(planned(Request(workloads=("mlp",), workers=(0, 2))).jobs) == 2
    with pytest.raises(UsageError, match="only the as-written loop has loader processes"):
        planned(Request(workloads=("mlp",), workers=(0, 2), variants=(Variant.TUNED,)))


def test_an_unknown_workload_is_refused() -> None:
    with pytest.raises(UsageError, match=r"unknown workload 'x'; there are: mlp"):
        planned(Request(workloads=("x",)))


def test_a_data_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no directory"):
        planned(Request(workloads=("mlp",), data=str(tmp_path / "none")))


def test_a_data_directory_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert check_data(".") == str(tmp_path)
    assert check_data("generated") == "generated"


def test_the_data_directory_is_named_by_the_environment() -> None:
    assert data_dir({"RACETOP_DATA": "/sets"}) == Path("/sets")
    assert data_dir({}).name == "data"


def test_a_baseline_device_runs_each_workload_once_before_the_axes() -> None:
    request = Request(
        workloads=("cifar-resnet18",), devices=("cuda",), baseline="cpu", batch_sizes=(16, 64)
    )
    plan = planned(request)

    assert [job.label for job in plan.jobs] == [
        "cpu batch 64",
        "cuda:0 batch 16",
        "cuda:0 batch 64",
    ]
    assert [plan.baseline(job) for job in range(3)] == [0, 0, 0]
    assert plan.axes == ("device", "batch_size")


def test_what_each_workload_has_of_its_own_is_no_part_of_its_name() -> None:
    tasks = planned(Request(workloads=("matmul", "resize"), devices=("cpu",)))
    swept = planned(Request(workloads=("mlp", "mlp-bn"), devices=("cpu",), epochs=(1, 2)))

    assert [job.label for job in tasks.jobs] == ["matmul cpu", "resize cpu"]
    assert [job.label for job in swept.jobs][:2] == ["mlp cpu 1 epoch", "mlp cpu 2 epochs"]


def test_a_baseline_that_is_a_job_of_the_axes_runs_once_all_the_same() -> None:
    plan = planned(
        Request(workloads=("mlp",), devices=("cpu",), baseline="cpu", batch_sizes=(32, 64))
    )

    assert [job.settings.batch_size for job in plan.jobs] == [64, 32]


def test_fewer_training_samples_than_there_are_is_told() -> None:
    plan = planned(Request(workloads=("mlp",), train_samples=6_000))

    assert plan.notes == ("trained on the first 6,000 samples only",)
    assert planned(Request(workloads=("matmul",), train_samples=6_000)).notes == ()
    both = planned(Request(workloads=("mlp",), train_samples=6_000, test_samples=500))
    assert both.notes == (
        "trained on the first 6,000 samples only, tested on the first 500 samples only",
    )


@pytest.mark.parametrize(
    ("named", "variants"),
    [
        ("ladder", (Variant.AS_WRITTEN, Variant.TUNED)),
        ("micro", ()),
        ("mlp,airbench94", ()),
    ],
)
def test_without_an_accelerator_a_ladder_races_itself_where_all_of_it_can(
    named: str, variants: tuple[Variant, ...]
) -> None:
    request = default_request(named, None)
    assert (request.variants, request.devices, request.order) == (variants, ("cpu",), Order.IN_TURN)
