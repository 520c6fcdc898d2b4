from __future__ import annotations

import pytest

from runners.cores import Partition, partition
from runners.spec import Order
from runners.workloads import JobSettings, Variant
from tests.fakes.training import settings

CPU = settings(device="cpu")
GPU = settings(device="cuda:0")
LOADED_GPU = settings(device="cuda:0", workers=4)


def together(*jobs: JobSettings, count: int, cores: int | None = None) -> Partition:
    cpu_ids = tuple(range(count if cores is None else cores))
    return partition(jobs, Order.TOGETHER, cpu_ids=cpu_ids, count=count)


def cores_of(parts: Partition) -> list[tuple[int, ...]]:
    return [share.cores for share in parts.shares]


def threads_of(parts: Partition) -> list[int]:
    return [share.threads for share in parts.shares]


def test_a_gpu_job_gets_one_core_and_the_cpu_job_the_rest() -> None:
    parts = together(CPU, GPU, count=8)

    assert cores_of(parts) == [(0, 1, 2, 3, 4, 5, 6), (7,)]
    assert threads_of(parts) == [7, 1]
    assert parts.notes == ()


def test_each_loader_process_of_a_gpu_job_gets_a_core() -> None:
    parts = together(CPU, LOADED_GPU, count=8)

    assert cores_of(parts) == [(0, 1, 2), (3, 4, 5, 6, 7)]
    assert threads_of(parts) == [3, 5]


def test_only_the_as_written_loop_has_loaders_that_need_cores() -> None:
    tuned = settings(device="cuda:0", workers=4, variant=Variant.TUNED)
    parts = together(CPU, tuned, count=8)

    assert threads_of(parts) == [7, 1]
    assert parts.notes == ()


def test_cpu_jobs_share_equally() -> None:
    parts = together(CPU, CPU, GPU, count=8)

    assert cores_of(parts) == [(0, 1, 2), (3, 4, 5), (6,)]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 16])
@pytest.mark.parametrize("jobs", [(CPU, GPU), (CPU, LOADED_GPU), (CPU, CPU, CPU), (GPU, GPU)])
def test_shares_are_disjoint_where_there_are_cores_for_all(
    jobs: tuple[JobSettings, ...], count: int
) -> None:
    parts = together(*jobs, count=count)

    given = [core for share in parts.shares for core in share.cores]
    assert all(share.cores and share.threads >= 1 for share in parts.shares)
    assert set(given) <= set(range(count))
    if count >= len(jobs):
        assert len(given) == len(set(given))


def test_few_cores_are_told() -> None:
    (note,) = together(CPU, CPU, count=2).notes

    assert note.startswith("2 cores for 2 jobs side by side: each is slower than alone; ")
    assert note.endswith("run the jobs in turn (o, or --order in-turn) for figures")


def test_more_jobs_than_cores_take_turns_and_are_told() -> None:
    parts = together(CPU, GPU, count=1)

    assert cores_of(parts) == [(0,), (0,)]
    assert "1 core for 2 jobs side by side: they take turns on a core" in parts.notes[0]


def test_a_gpu_job_short_of_cores_is_told() -> None:
    parts = together(CPU, LOADED_GPU, count=4)

    assert cores_of(parts) == [(0,), (1, 2, 3)]
    assert parts.notes == ("cuda:0 has 3 cores for itself and 4 loader processes",)


def test_one_at_a_time_each_gets_all_cores() -> None:
    parts = partition((CPU, LOADED_GPU), Order.IN_TURN, cpu_ids=(2, 3, 5, 7, 9, 11), count=6)

    assert cores_of(parts) == [(2, 3, 5, 7, 9, 11)] * 2
    assert threads_of(parts) == [6, 5]
    assert parts.notes == ()


def test_a_quota_below_the_affinity_limits_the_cores() -> None:
    parts = together(CPU, CPU, count=4, cores=64)

    assert cores_of(parts) == [(0, 1), (2, 3)]


def test_threads_asked_for_are_given() -> None:
    parts = together(settings(threads=3), GPU, count=8)

    assert threads_of(parts) == [3, 1]


def test_without_affinity_only_threads_are_set() -> None:
    parts = together(CPU, GPU, count=8, cores=0)

    assert cores_of(parts) == [(), ()]
    assert threads_of(parts) == [7, 1]
