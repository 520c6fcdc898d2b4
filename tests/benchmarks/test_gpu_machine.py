from __future__ import annotations

from typing import Any

from benchmarks.gpu.faults import judge_memory
from benchmarks.gpu.findings import Findings, Status
from benchmarks.gpu.machine import compare, gpu_of, without_names
from sensors.gpu_readings import DriverReading, GpuReading, NvmlState
from tests.fakes.clock import FakeClock

MIB = 1 << 20
GIB = 1 << 30
CARD = GpuReading(index=0, uuid="GPU-1", name="NVIDIA H200", memory_total_bytes=141 * GIB)
OTHER = GpuReading(index=1, uuid="GPU-2", name="NVIDIA H200")
DRIVER = DriverReading(state=NvmlState.OK, cuda_version="13.0")


def device(**changed: Any) -> dict[str, Any]:
    return {
        "uuid": "GPU-1",
        "index": 0,
        "name": "NVIDIA H200",
        "memory_total_bytes": 140 * GIB,
        "driver_cuda_version": "13.0",
        **changed,
    }


def compared(**changed: Any) -> dict[str, Status]:
    findings = Findings()
    compare(CARD, DRIVER, device(**changed), findings)
    return {check.name.partition(":")[0]: check.status for check in findings.checks}


def test_the_same_card_agrees() -> None:
    assert set(compared().values()) == {Status.PASSED}


def test_each_disagreement_is_found() -> None:
    assert compared(uuid="GPU-2")["identity"] is Status.FAILED
    assert compared(name="NVIDIA H100")["name"] is Status.FAILED
    assert compared(memory_total_bytes=80 * GIB)["memory"] is Status.FAILED
    assert compared(memory_total_bytes=150 * GIB)["memory"] is Status.FAILED
    assert compared(driver_cuda_version="12.4")["CUDA version of the driver"] is Status.FAILED


def test_a_torch_that_tells_no_identity_is_skipped_there() -> None:
    assert compared(uuid=None)["identity"] is Status.SKIPPED


def test_a_card_is_found_by_its_identity_before_its_number() -> None:
    assert gpu_of((CARD, OTHER), device(uuid="GPU-2", index=0)) is OTHER
    assert gpu_of((CARD, OTHER), device(uuid=None, index=1)) is OTHER
    assert gpu_of((CARD,), device(uuid=None, index=None)) is None


def test_what_is_shown_to_anybody_names_no_host_user_or_process_of_others() -> None:
    processes = [
        {"pid": 7, "user": "ann", "command": "python secret.py", "cpu_pct": 90.0},
        {"pid": 8, "user": "bob", "command": "python -m runners.worker {...}", "cpu_pct": 50.0},
    ]
    snapshot = {"host": {"hostname": "ann-laptop", "system": "x", "cores_total": 4}}
    shown = without_names(snapshot | {"processes": processes}, {8: "racetop worker cpu mlp"})
    assert shown["host"]["cores_total"] == 4
    assert [row["command"] for row in shown["processes"]] == ["racetop worker cpu mlp"]
    assert not any(name in str(shown) for name in ("ann", "bob", "secret"))


def memory(used: list[int]) -> tuple[list[Status], FakeClock]:
    clock, findings = FakeClock(), Findings()
    values = iter(used)
    judge_memory(GIB, 3 * GIB, lambda: next(values), findings, clock=clock, sleep=clock.advance)
    return [check.status for check in findings.checks], clock


def test_memory_that_comes_back_in_time_passes() -> None:
    assert memory([3 * GIB, 2 * GIB, GIB + 64 * MIB])[0] == [Status.PASSED, Status.PASSED]


def test_memory_that_stays_fails_after_ten_seconds() -> None:
    statuses, clock = memory([GIB + 65 * MIB] * 100)
    assert statuses == [Status.PASSED, Status.FAILED]
    assert 10 <= clock() - FakeClock()() < 11
